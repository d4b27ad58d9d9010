package dev.millrace.query;

import dev.millrace.storage.api.TraceSearch;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A search in Jaeger's terms: traces one of whose spans meets all of it.
///
/// @param service null for any
/// @param operation null for any
/// @param tags by key; some of them mean what is no attribute in OpenTelemetry
/// @param startNanos earliest start, nanoseconds since the epoch
/// @param endNanos latest start
/// @param minDurationNanos 0 for none
/// @param maxDurationNanos 0 for none
record JaegerSearch(
        @Nullable String service,
        @Nullable String operation,
        Map<String, String> tags,
        long startNanos,
        long endNanos,
        long minDurationNanos,
        long maxDurationNanos,
        int limit) {

    /// How many traces a search finds that does not say.
    static final int DEFAULT_LIMIT = 100;

    /// @throws QueryException for a tag that cannot be searched by
    TraceSearch asked() {
        var known = JaegerTags.of(tags);
        return TraceSearch.builder()
                .service(service)
                .operation(operation)
                .kind(known.kind())
                .status(known.status())
                .attributes(known.attributes())
                .duration(
                        minDurationNanos, maxDurationNanos == 0 ? Long.MAX_VALUE : maxDurationNanos)
                .start(startNanos, endNanos)
                .limit(limit)
                .build();
    }
}
