package dev.millrace.collector;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.SpanSink;
import dev.millrace.pipeline.format.SpanFormat;
import dev.millrace.pipeline.format.Translation;
import dev.millrace.sampling.HeadSample;
import dev.millrace.wire.otlp.Grouping;
import dev.millrace.wire.otlp.Split;
import dev.millrace.wire.otlp.TraceSplitter;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Takes requests over, whatever transport they came by: splits them as suits the sink, hands what
/// the head keeps of them to it and says what became of them. Spans sampled out are taken care of
/// as much as the others: their sender hears nothing of it.
///
/// Splitting runs on the caller's thread, an event loop: it costs less than a hand-over, and the
/// sink never blocks. Safe for any number of threads.
public final class SpanIntake {

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final Translation translation;
    private final TraceSplitter splitter;
    private final @Nullable HeadSampling head;
    private final Strategies strategies;
    private final SpanSink sink;
    private final TenantRates rates;
    private final int maxRequest;
    private final InstantSource clock;
    private final Admission admission;
    private final CollectorMetrics metrics;

    SpanIntake(
            CollectorConfig config,
            Sampling sampling,
            SpanSink sink,
            InstantSource clock,
            Admission admission,
            CollectorMetrics metrics) {
        maxRequest = config.maxRequest().toIntExact();
        translation = new Translation(maxRequest);
        splitter = new TraceSplitter(config.limits().toSpanLimits());
        head = sampling.head();
        strategies = sampling.strategies();
        this.sink = sink;
        rates = new TenantRates(config.rates(), System::nanoTime);
        this.clock = clock;
        this.admission = admission;
        this.metrics = metrics;
    }

    /// Takes over what a source has read, and counts it as a request of its transport.
    ///
    /// Completes when the sink has every span that was not rejected, and not before; fails with a
    /// [RefusedException], and never with anything else. A refusal with a delay is to be tried
    /// again after it; one without will be the same each time.
    ///
    /// @param body must not change any more
    public CompletableFuture<Receipt> take(
            Transport transport, Tenant tenant, SpanFormat format, Slice body) {
        long start = System.nanoTime();
        var ticket = admission.open();
        return taken(tenant, format, body, ticket)
                .whenComplete((receipt, failure) -> {
                    ticket.release();
                    metrics.answered(
                            transport,
                            failure == null ? receipt.outcome() : Refusal.of(failure).outcome(),
                            System.nanoTime() - start);
                });
    }

    /// Counts a message of a source that could not even be handed over.
    RefusedException refused(Transport transport, Refusal refusal) {
        metrics.answered(transport, refusal.outcome(), 0);
        return refusal.asException();
    }

    private CompletableFuture<Receipt> taken(
            Tenant tenant, SpanFormat format, Slice body, Admission.Ticket ticket) {
        if (body.length() > maxRequest) {
            // It might never find room, and its source would wait for ever.
            return CompletableFuture.failedFuture(
                    Refusal.lasting(
                                    Outcome.TOO_LARGE,
                                    "message: "
                                            + body.length()
                                            + " bytes (expected: at most "
                                            + maxRequest
                                            + ")")
                            .asException());
        }
        try {
            ticket.add(body.length());
        } catch (RefusedException e) {
            return CompletableFuture.failedFuture(e);
        }
        return take(tenant, format, body, ticket);
    }

    /// Takes over a request in any format; fails with a [RefusedException] and throws nothing.
    ///
    /// @param body must not change any more
    /// @param ticket holds the body's bytes; held until the sink has let go of what became of them
    CompletableFuture<Receipt> take(
            Tenant tenant, SpanFormat format, Slice body, Admission.Ticket ticket) {
        try {
            // Before any work is done for a tenant that has had its share.
            rates.check(tenant);
            var otlp = translation.toOtlp(format, body, nowNanos());
            ticket.resize(otlp.length());
            return take(tenant, otlp, ticket);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(Refusal.of(e).asException());
        }
    }

    /// Completes when the sink has every span that was not rejected, and not before.
    ///
    /// @param otlp an `ExportTraceServiceRequest`; must not change any more
    /// @param ticket held until the sink has let go of the bytes
    /// @throws RuntimeException when the request is refused at once, which [Refusal#of] explains
    CompletableFuture<Receipt> take(Tenant tenant, Slice otlp, Admission.Ticket ticket) {
        long now = nowNanos();
        // The head decides trace by trace.
        var split = splitter.split(otlp, now, head == null ? sink.grouping() : Grouping.TRACE);
        if (split.chunks().isEmpty()) {
            metrics.acknowledged(split);
            return CompletableFuture.completedFuture(Receipt.of(split));
        }
        rates.charge(tenant, otlp.length(), split.accepted());
        strategies.observe(split.chunks());
        var sample = sample(tenant, split, now);
        var kept = sample == null ? split.chunks() : sample.chunks();
        var taken =
                kept.isEmpty()
                        ? CompletableFuture.<Void>completedFuture(null)
                        : sink.accept(tenant, kept);
        if (sample != null && sample.dropped() > 0) {
            // Last, so that a request that comes again is accounted for once.
            taken = taken.thenCompose(_ -> sink.sampledOut(tenant, sample.dropped()));
        }
        // A client that leaves early does not free what the sink still holds.
        ticket.hold();
        return taken.handle((_, failure) -> {
            ticket.release();
            if (failure != null) {
                // It will come again.
                rates.refund(tenant, otlp.length(), split.accepted());
                throw new RefusedException(Refusal.of(failure));
            }
            metrics.acknowledged(split);
            if (sample != null) {
                metrics.sampled(sample);
            }
            return Receipt.of(split);
        });
    }

    private @Nullable HeadSample sample(Tenant tenant, Split split, long now) {
        if (head == null) {
            return null;
        }
        var sample = head.sampler().sample(tenant, split.chunks(), now);
        if (!sample.errorTraces().isEmpty()) {
            head.failed().accept(tenant, sample.errorTraces());
        }
        return sample;
    }

    private long nowNanos() {
        var now = clock.instant();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }
}
