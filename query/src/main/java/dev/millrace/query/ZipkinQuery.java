package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.wire.zipkin.ZipkinSpan;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a search of Zipkin's asks for, and whether a trace is it.
///
/// The conditions may hold on several spans, each on one; with a service, only its spans count.
///
/// @param service in lower case; empty for any
/// @param remoteService in lower case; empty for any
/// @param spanName in lower case; empty for any
/// @param annotations values of tags by key; where the value is empty, the key of a tag or the
///   value of an annotation
/// @param minDuration microseconds; 0 for any
/// @param maxDuration microseconds; [Long#MAX_VALUE] for any
/// @param endTs where the time of a trace may lie at the latest, milliseconds since the epoch
/// @param lookback how much earlier it may lie, milliseconds
record ZipkinQuery(
        String service,
        String remoteService,
        String spanName,
        Map<String, String> annotations,
        long minDuration,
        long maxDuration,
        long endTs,
        long lookback,
        int limit) {

    private static final int DEFAULT_LIMIT = 10;
    private static final int MAX_TERMS = 100;

    ZipkinQuery {
        annotations = Collections.unmodifiableMap(new LinkedHashMap<>(annotations));
    }

    /// @throws QueryException in Zipkin's words, where it has any
    static ZipkinQuery of(Parameters parameters, long now, Duration lookback, int maxLimit) {
        long endTs = positive(parameters, "endTs").orElse(now);
        long limit = positive(parameters, "limit").orElse((long) Math.min(DEFAULT_LIMIT, maxLimit));
        if (limit > maxLimit) {
            throw QueryException.invalid("limit", Long.toString(limit), "1 to " + maxLimit);
        }
        long back = positive(parameters, "lookback").orElse(lookback.toMillis());
        var least = positive(parameters, "minDuration");
        var most = number(parameters, "maxDuration");
        if (most.isPresent() && least.isEmpty()) {
            throw refused("maxDuration is only valid with minDuration");
        }
        if (most.isPresent() && most.get() < least.orElse(0L)) {
            throw refused("maxDuration < minDuration");
        }
        var spanName = name(parameters, "spanName");
        return new ZipkinQuery(
                name(parameters, "serviceName"),
                name(parameters, "remoteServiceName"),
                spanName.equals("all") ? "" : spanName,
                terms(parameters.text("annotationQuery").orElse("")),
                least.orElse(0L),
                most.orElse(Long.MAX_VALUE),
                endTs,
                back,
                (int) limit);
    }

    /// Everything that began within a time.
    static ZipkinQuery all(long endTs, long lookback, int limit) {
        return new ZipkinQuery("", "", "", Map.of(), 0, Long.MAX_VALUE, endTs, lookback, limit);
    }

    /// A name in lower case, or empty.
    static String name(Parameters parameters, String parameter) {
        return ZipkinSpan.lower(parameters.text(parameter).orElse(""));
    }

    static Optional<Long> positive(Parameters parameters, String name) {
        var number = number(parameters, name);
        if (number.isPresent() && number.get() <= 0) {
            throw refused(name + " <= 0");
        }
        return number;
    }

    private static Optional<Long> number(Parameters parameters, String name) {
        return parameters.read(name, "a whole number", Parameters::toLong);
    }

    private static QueryException refused(String message) {
        return new QueryException(HttpStatus.BAD_REQUEST, message);
    }

    // Of a repeated key the last value counts, but never a bare word after a value.
    private static Map<String, String> terms(String text) {
        var terms = new LinkedHashMap<String, String>();
        if (text.isEmpty()) {
            return terms;
        }
        for (var term : text.split(" and ", MAX_TERMS)) {
            int equals = term.indexOf('=');
            if (equals < 0) {
                terms.putIfAbsent(term.strip(), "");
            } else {
                terms.put(term.substring(0, equals).strip(), term.substring(equals + 1).strip());
            }
        }
        return terms;
    }

    boolean matches(List<ZipkinSpan> trace) {
        return inTime(trace) && new Remaining().none(trace);
    }

    boolean inTime(List<ZipkinSpan> trace) {
        long time = time(trace);
        return time > 0
                && Math.floorDiv(time, 1_000) >= earliest()
                && Math.ceilDiv(time, 1_000) <= endTs;
    }

    /// The first millisecond of the time looked at.
    long earliest() {
        return Math.max(0, endTs - lookback);
    }

    boolean restrictsDuration() {
        return minDuration > 0 || maxDuration < Long.MAX_VALUE;
    }

    /// The time of a trace, in microseconds: its root's, else the earliest; 0 for none.
    static long time(List<ZipkinSpan> trace) {
        long earliest = 0;
        for (var span : trace) {
            long time = span.timestamp();
            if (time > 0 && span.parentId() == null) {
                return time;
            }
            if (time > 0 && (earliest == 0 || time < earliest)) {
                earliest = time;
            }
        }
        return earliest;
    }

    /// The conditions that no span has met yet.
    private final class Remaining {

        private boolean anyService = !service.isEmpty();
        private boolean anyRemoteService = !remoteService.isEmpty();
        private boolean anySpanName = !spanName.isEmpty();
        private boolean anyDuration = restrictsDuration();
        private final Map<String, String> terms = new HashMap<>(annotations);

        /// Whether the spans of a trace meet all of them.
        boolean none(List<ZipkinSpan> trace) {
            trace.stream()
                    .filter(span -> service.isEmpty() || span.local().service().equals(service))
                    .forEach(this::strike);
            return !anyService
                    && !anyRemoteService
                    && !anySpanName
                    && !anyDuration
                    && terms.isEmpty();
        }

        private void strike(ZipkinSpan span) {
            anyService = false;
            anyRemoteService &= !span.remote().service().equals(remoteService);
            anySpanName &= !span.name().equals(spanName);
            anyDuration &= span.duration() < minDuration || span.duration() > maxDuration;
            for (var annotation : span.annotations()) {
                terms.remove(annotation.value(), "");
            }
            span.tags()
                    .forEach((key, value) -> {
                        terms.remove(key, "");
                        terms.remove(key, value);
                    });
        }
    }
}
