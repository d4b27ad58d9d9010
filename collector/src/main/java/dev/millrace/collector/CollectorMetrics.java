package dev.millrace.collector;

import static java.util.Objects.requireNonNull;

import dev.millrace.sampling.HeadSample;
import dev.millrace.wire.otlp.Rejection;
import dev.millrace.wire.otlp.Repair;
import dev.millrace.wire.otlp.Split;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// What the collector counts.
///
/// Spans are counted when their request is acknowledged, so a request that is refused and sent
/// again counts its spans once.
final class CollectorMetrics {

    private final Counter cuts;
    private final Map<Transport, Map<Outcome, Counter>> requests = new EnumMap<>(Transport.class);
    private final Map<Transport, Timer> latency = new EnumMap<>(Transport.class);
    private final Counter received;
    private final Map<HeadSample.Outcome, Counter> sampledOut =
            new EnumMap<>(HeadSample.Outcome.class);
    private final Counter malformedTraceStates;
    private final Map<Rejection, Counter> rejected = new EnumMap<>(Rejection.class);
    private final Map<Repair, Counter> repaired = new EnumMap<>(Repair.class);

    CollectorMetrics(MeterRegistry meters, Admission admission) {
        for (var transport : Transport.values()) {
            var outcomes = new EnumMap<Outcome, Counter>(Outcome.class);
            for (var outcome : Outcome.values()) {
                outcomes.put(
                        outcome,
                        (transport.answers()
                                        ? Counter.builder("millrace.collector.requests")
                                                .description("Requests answered")
                                        : Counter.builder("millrace.collector.datagrams")
                                                .description("Datagrams received"))
                                .tag("transport", transport.word())
                                .tag("outcome", outcome.word())
                                .register(meters));
            }
            requests.put(transport, outcomes);
            latency.put(
                    transport,
                    Timer.builder("millrace.collector.latency")
                            .description("Time from a request's headers to its answer")
                            .tag("transport", transport.word())
                            .register(meters));
        }
        received =
                Counter.builder("millrace.spans.received")
                        .description("Spans of acknowledged requests, rejected ones included")
                        .register(meters);
        for (var rejection : Rejection.values()) {
            rejected.put(
                    rejection,
                    Counter.builder("millrace.spans.rejected")
                            .description("Spans not taken in")
                            .tag("reason", word(rejection))
                            .register(meters));
        }
        for (var repair : Repair.values()) {
            repaired.put(
                    repair,
                    Counter.builder("millrace.spans.repaired")
                            .description("Repairs made to spans taken in")
                            .tag("repair", word(repair))
                            .register(meters));
        }
        for (var outcome : HeadSample.Outcome.values()) {
            if (!outcome.isKept()) {
                sampledOut.put(
                        outcome,
                        Counter.builder("millrace.spans.sampled.out")
                                .description("Spans of acknowledged requests dropped at the head")
                                .tag("reason", word(outcome).replace("dropped-", ""))
                                .register(meters));
            }
        }
        malformedTraceStates =
                Counter.builder("millrace.spans.tracestate.malformed")
                        .description("Spans whose trace state broke its format, as the head saw")
                        .register(meters);
        cuts =
                Counter.builder("millrace.collector.connections.cut")
                        .description("Connections closed for headers that came too slowly")
                        .register(meters);
        Gauge.builder("millrace.collector.inflight.bytes", admission, Admission::inFlight)
                .description("Bytes of requests that are not answered yet")
                .baseUnit("bytes")
                .register(meters);
    }

    void answered(Transport transport, Outcome outcome, long nanos) {
        at(at(requests, transport), outcome).increment();
        at(latency, transport).record(nanos, TimeUnit.NANOSECONDS);
    }

    void cut() {
        cuts.increment();
    }

    void acknowledged(Split split) {
        received.increment(split.accepted() + split.rejectedSpans());
        split.rejected().forEach((reason, count) -> at(rejected, reason).increment(count));
        split.repaired().forEach((repair, count) -> at(repaired, repair).increment(count));
    }

    void sampled(HeadSample sample) {
        sample.spans()
                .forEach((outcome, count) -> {
                    if (!outcome.isKept()) {
                        at(sampledOut, outcome).increment(count);
                    }
                });
        malformedTraceStates.increment(sample.malformedTraceStates());
    }

    // Every constant has its meter from the start, so that alerts see a zero and not a gap.
    private static <K, V> V at(Map<K, V> meters, K key) {
        return requireNonNull(meters.get(key));
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
