package dev.millrace.collector;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.SpanSink;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.TraceSplitter;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;

/// Takes requests over, whatever transport they came by: splits them as suits the sink, hands them
/// to it and says what became of them.
///
/// Splitting runs on the caller's thread, an event loop: it costs less than a hand-over, and the
/// sink never blocks.
final class SpanIntake {

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final TraceSplitter splitter;
    private final SpanSink sink;
    private final InstantSource clock;
    private final CollectorMetrics metrics;

    SpanIntake(
            TraceSplitter splitter, SpanSink sink, InstantSource clock, CollectorMetrics metrics) {
        this.splitter = splitter;
        this.sink = sink;
        this.clock = clock;
        this.metrics = metrics;
    }

    /// Completes when the sink has every span that was not rejected, and not before.
    ///
    /// @param request an `ExportTraceServiceRequest`; must not change any more
    /// @param ticket held until the sink has let go of the bytes
    /// @throws MalformedSpansException when the bytes are not OTLP
    CompletableFuture<Receipt> take(Slice request, Admission.Ticket ticket) {
        var split = splitter.split(request, nowNanos(), sink.grouping());
        if (split.chunks().isEmpty()) {
            metrics.acknowledged(split);
            return CompletableFuture.completedFuture(Receipt.of(split));
        }
        var taken = sink.accept(Tenant.DEFAULT, split.chunks());
        // A client that leaves early does not free what the sink still holds.
        ticket.hold();
        return taken.handle((_, failure) -> {
            ticket.release();
            if (failure != null) {
                throw new RefusedException(Refusal.of(failure));
            }
            metrics.acknowledged(split);
            return Receipt.of(split);
        });
    }

    private long nowNanos() {
        var now = clock.instant();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }
}
