package dev.millrace.verification;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.SpanIndex;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/// How long after a trace was complete it was written, by the append times that the broker gave.
///
/// @param traces in no order
/// @param spans how many were written in all
record TraceDelays(List<Written> traces, long spans) {

    /// One trace.
    ///
    /// @param due when its last span had rested for the quiet period, milliseconds since the epoch
    /// @param at when the last of its records was written
    /// @param spans how many were written
    /// @param parts in how many records
    record Written(TraceId traceId, int partition, long due, long at, long spans, int parts) {

        long lastSpanAt(Duration quiet) {
            return due - quiet.toMillis();
        }
    }

    /// What was read of a trace so far.
    private static final class Trail {
        private int partition;
        private long lastSpanAt;
        private long writtenAt;
        private long spans;
        private int parts;
    }

    /// @param quiet the quiet period of the aggregator that wrote
    static TraceDelays read(TraceLog log, Duration quiet) {
        Map<TraceId, Trail> trails = new HashMap<>();
        log.read(
                "spans",
                message -> {
                    if (message.key() == null) {
                        return; // a marker
                    }
                    var trail = trails.computeIfAbsent(id(message.key()), _ -> new Trail());
                    trail.partition = message.partition();
                    trail.lastSpanAt = Math.max(trail.lastSpanAt, message.timestamp());
                });
        var index = new SpanIndex();
        log.read(
                "traces-complete",
                message -> {
                    var traceId = id(message.key());
                    var trail = trails.computeIfAbsent(traceId, _ -> new Trail());
                    index.clear();
                    index.add(traceId, Slice.of(message.value()));
                    trail.spans += index.size();
                    trail.parts++;
                    trail.writtenAt = Math.max(trail.writtenAt, message.timestamp());
                });
        List<Written> traces = new ArrayList<>(trails.size());
        long spans = 0;
        for (var entry : trails.entrySet()) {
            var trail = entry.getValue();
            spans += trail.spans;
            traces.add(
                    new Written(
                            entry.getKey(),
                            trail.partition,
                            trail.lastSpanAt + quiet.toMillis(),
                            trail.writtenAt,
                            trail.spans,
                            trail.parts));
        }
        return new TraceDelays(traces, spans);
    }

    private static TraceId id(byte[] key) {
        return TraceId.parse(new String(key, StandardCharsets.US_ASCII));
    }

    /// A row of a table about the traces that are meant.
    String row(String name, Predicate<Written> which) {
        long[] delays =
                traces.stream().filter(which).mapToLong(each -> each.at() - each.due()).toArray();
        Arrays.sort(delays);
        return String.format(
                Locale.ROOT,
                "| %s | %,d | %s | %s | %s | %s |%n",
                name,
                delays.length,
                quantile(delays, 0.5),
                quantile(delays, 0.9),
                quantile(delays, 0.99),
                quantile(delays, 1));
    }

    private static String quantile(long[] ascending, double share) {
        return ascending.length == 0
                ? ""
                : String.format(
                        Locale.ROOT,
                        "%,d",
                        ascending[(int) Math.ceil(share * (ascending.length - 1))]);
    }
}
