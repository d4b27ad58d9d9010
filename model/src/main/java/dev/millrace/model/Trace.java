package dev.millrace.model;

import java.util.List;
import java.util.Optional;

/// All known spans that share a trace id, each once.
///
/// The spans come parents first where the parents are known; otherwise in the order they arrived.
///
/// @param spans at least one, all of `traceId`
public record Trace(TraceId traceId, List<Span> spans) {

    public Trace {
        spans = List.copyOf(spans);
        if (spans.isEmpty()) {
            throw new IllegalArgumentException(
                    "trace " + traceId + ": no spans (expected: at least one)");
        }
        for (var span : spans) {
            if (!span.traceId().equals(traceId)) {
                throw new IllegalArgumentException(
                        "span "
                                + span.spanId()
                                + " of trace "
                                + span.traceId()
                                + " (expected: of trace "
                                + traceId
                                + ")");
            }
        }
    }

    /// The first span without a parent; empty while the root has not arrived.
    public Optional<Span> root() {
        return spans.stream().filter(span -> span.parentSpanId() == null).findFirst();
    }

    /// The earliest start, nanoseconds since the epoch.
    public long startNanos() {
        return spans.stream().mapToLong(Span::startNanos).min().orElseThrow();
    }

    /// From the earliest start to the latest end, in nanoseconds.
    public long durationNanos() {
        return spans.stream().mapToLong(Span::endNanos).max().orElseThrow() - startNanos();
    }
}
