package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.analysis.AdjustedTrace;
import dev.millrace.analysis.TraceAdjuster;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TraceStore;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The traces that Jaeger's APIs show: those of the store, and by their ids those of the archive
/// too, adjusted unless somebody wants them raw.
final class JaegerTraces {

    /// The words by which Jaeger says so.
    static final String NOT_FOUND = "trace not found";

    private static final String NO_ARCHIVE = "archive span storage was not configured";

    private final TraceStore store;
    private final @Nullable TraceArchive archive;
    private final TraceAdjuster adjuster;

    /// @param archive null for none
    /// @param maxClockSkew the most by which times may be corrected; zero for not at all
    JaegerTraces(TraceStore store, @Nullable TraceArchive archive, Duration maxClockSkew) {
        this.store = store;
        this.archive = archive;
        this.adjuster = new TraceAdjuster(maxClockSkew);
    }

    /// A trace of any size. One that is too large to be held is shown as it is stored.
    Optional<ShownTrace> byId(Tenant tenant, TraceId id, boolean raw) {
        return stored(tenant, id)
                .map(stored ->
                        switch (stored) {
                            case StoredTrace.Whole(Trace trace) -> ShownTrace.of(shown(trace, raw));
                            case StoredTrace.Large large ->
                                    new ShownTrace(
                                            id, JaegerWarnings.LARGE, () -> untouched(large));
                        });
    }

    private static Iterator<AdjustedTrace> untouched(StoredTrace.Large large) {
        var parts = large.parts();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return parts.hasNext();
            }

            @Override
            public AdjustedTrace next() {
                return AdjustedTrace.untouched(parts.next());
            }
        };
    }

    List<AdjustedTrace> search(Tenant tenant, JaegerSearch search, boolean raw) {
        return found(tenant, search).stream().map(trace -> shown(trace, raw)).toList();
    }

    /// The traces as they are stored.
    List<Trace> found(Tenant tenant, JaegerSearch search) {
        return store.search(tenant, search.asked()).traces();
    }

    /// @throws QueryException when there is no such trace, or no archive
    void archive(Tenant tenant, TraceId id) {
        if (archive == null) {
            throw new QueryException(HttpStatus.NOT_IMPLEMENTED, NO_ARCHIVE);
        }
        stored(tenant, id)
                .orElseThrow(() -> new QueryException(HttpStatus.NOT_FOUND, NOT_FOUND))
                .parts()
                .forEachRemaining(part -> archive.keep(tenant, part));
    }

    private Optional<StoredTrace> stored(Tenant tenant, TraceId id) {
        var found = StoredTrace.find(store, tenant, id);
        return found.isPresent() || archive == null
                ? found
                : archive.trace(tenant, id).map(StoredTrace.Whole::new);
    }

    private AdjustedTrace shown(Trace trace, boolean raw) {
        return raw ? AdjustedTrace.untouched(trace) : adjuster.adjust(trace);
    }
}
