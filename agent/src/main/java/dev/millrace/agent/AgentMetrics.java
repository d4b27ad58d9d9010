package dev.millrace.agent;

import dev.millrace.agent.spool.SpoolObserver;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

/// What the agent counts.
final class AgentMetrics {

    /// Where the answer to a question about sampling came from.
    enum Told {
        /// From what was asked not long ago.
        CACHED,
        /// From a collector.
        ASKED,
        /// From what was asked before, as no collector answers.
        STALE,
        /// From nowhere: the question was sent away.
        NOTHING
    }

    private final MeterRegistry meters;
    private final Map<Lanes.Lane, Counter> forwarded = new EnumMap<>(Lanes.Lane.class);
    private final Map<SpoolObserver.Reason, Counter> dropped =
            new EnumMap<>(SpoolObserver.Reason.class);
    private final Map<Told, Counter> told = new EnumMap<>(Told.class);
    private final Counter refused;
    private final Counter rejected;
    private final Counter spooled;
    private final Counter spoolFailures;
    private final Counter setAside;
    private final Counter tornBytes;
    private final Counter taken;
    private final Counter later;
    private final Counter overRate;
    private final Counter failed;
    private final Counter refusals;
    private final Counter bytes;
    private final AtomicLong pending = new AtomicLong();

    AgentMetrics(MeterRegistry meters) {
        this.meters = meters;
        for (var lane : Lanes.Lane.values()) {
            forwarded.put(
                    lane,
                    Counter.builder("millrace.agent.spans.forwarded")
                            .description("Spans that a collector has taken")
                            .tag("lane", word(lane))
                            .register(meters));
        }
        for (var reason : SpoolObserver.Reason.values()) {
            dropped.put(reason, dropped(word(reason)));
        }
        refused = dropped("refused");
        for (var source : Told.values()) {
            told.put(
                    source,
                    Counter.builder("millrace.agent.strategies")
                            .description("Answers to SDKs about sampling")
                            .tag("source", word(source))
                            .register(meters));
        }
        rejected =
                counter(
                        "millrace.agent.spans.rejected",
                        "Spans that a collector did not want among those that it took");
        spooled = counter("millrace.agent.spans.spooled", "Spans that went to disk");
        spoolFailures =
                counter("millrace.agent.spool.failures", "Times the disk did not do as it should");
        setAside = counter("millrace.agent.spool.set.aside", "Segments put aside as not readable");
        tornBytes =
                counter(
                        "millrace.agent.spool.torn.bytes",
                        "Bytes at the ends of segments that were never written to their end");
        taken = sends("taken");
        later = sends("later");
        overRate = sends("over-rate");
        failed = sends("failed");
        refusals = sends("refused");
        bytes = counter("millrace.agent.sent.bytes", "Bytes sent to collectors, compressed");
        gauge("millrace.agent.pending.bytes", "Bytes neither forwarded nor on disk", pending::get);
    }

    private Counter dropped(String reason) {
        return Counter.builder("millrace.agent.spans.dropped")
                .description("Spans that were acknowledged and given up")
                .tag("reason", reason)
                .register(meters);
    }

    private Counter sends(String outcome) {
        return Counter.builder("millrace.agent.sends")
                .description("Requests to collectors by how they ended")
                .tag("outcome", outcome)
                .register(meters);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(meters);
    }

    void gauge(String name, String description, java.util.function.Supplier<Number> value) {
        Gauge.builder(name, value).description(description).strongReference(true).register(meters);
    }

    <T> void gauge(String name, String description, T of, ToDoubleFunction<T> value) {
        Gauge.builder(name, of, value).description(description).register(meters);
    }

    /// The bytes that are neither forwarded nor on disk, to be counted by whoever knows.
    AtomicLong pending() {
        return pending;
    }

    void forwarded(Lanes.Lane lane, int spans, long rejectedSpans) {
        at(forwarded, lane).increment(spans);
        rejected.increment((double) rejectedSpans);
    }

    void dropped(SpoolObserver.Reason reason, int spans) {
        at(dropped, reason).increment(spans);
    }

    /// Spans on disk that no collector wants.
    void refused(int spans) {
        refused.increment(spans);
    }

    void spooled(int spans) {
        spooled.increment(spans);
    }

    void spoolFailed() {
        spoolFailures.increment();
    }

    void setAside() {
        setAside.increment();
    }

    void torn(long lost) {
        tornBytes.increment((double) lost);
    }

    void sent(Answer answer, long length) {
        bytes.increment((double) length);
        switch (answer) {
            case Answer.Taken _ -> taken.increment();
            case Answer.Later _ -> later.increment();
            case Answer.OverRate _ -> overRate.increment();
            case Answer.Failed _ -> failed.increment();
            case Answer.Refused _ -> refusals.increment();
        }
    }

    void told(Told source) {
        at(told, source).increment();
    }

    // Every constant has its meter from the start.
    private static <K> Counter at(Map<K, Counter> counters, K key) {
        return java.util.Objects.requireNonNull(counters.get(key));
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
