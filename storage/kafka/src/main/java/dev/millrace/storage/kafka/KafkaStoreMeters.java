package dev.millrace.storage.kafka;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/// What one store on Kafka counts, all its partitions together.
///
/// A partition has no counters of its own: it may be somewhere else in a minute. Only the lag is
/// told by partition, of those that are here.
final class KafkaStoreMeters {

    private final MeterRegistry registry;
    private final Tags store;
    private final Counter applied;
    private final Counter restored;
    private final Counter expired;
    private final Counter threadsReplaced;
    private final Counter restarts;
    private final MultiGauge lag;
    private final AtomicBoolean running = new AtomicBoolean();

    /// @param name tells the stores of a process apart
    KafkaStoreMeters(String name, MeterRegistry registry) {
        this.registry = registry;
        this.store = Tags.of("store", name);
        applied =
                Counter.builder("millrace.store.kafka.applied")
                        .description("Records that were taken in as they came")
                        .tags(store)
                        .register(registry);
        restored =
                Counter.builder("millrace.store.kafka.restored")
                        .description("Records that were read to build a partition or a standby")
                        .tags(store)
                        .register(registry);
        expired =
                Counter.builder("millrace.store.kafka.expired")
                        .description("Records that were past the store's retention when read")
                        .tags(store)
                        .register(registry);
        threadsReplaced =
                Counter.builder("millrace.store.kafka.threads.replaced")
                        .description("Threads that failed and were followed by another")
                        .tags(store)
                        .register(registry);
        restarts =
                Counter.builder("millrace.store.kafka.restarts")
                        .description("Times all threads had failed and began anew")
                        .tags(store)
                        .register(registry);
        lag =
                MultiGauge.builder("millrace.store.kafka.lag")
                        .description("Records between a partition held here and the log's end")
                        .tags(store)
                        .register(registry);
        Gauge.builder("millrace.store.kafka.running", running, now -> now.get() ? 1 : 0)
                .description("1 while every partition given to this instance is at work, else 0")
                .tags(store)
                .register(registry);
    }

    Clock clock() {
        return registry.config().clock();
    }

    void applied() {
        applied.increment();
    }

    void restored(int records) {
        restored.increment(records);
    }

    void expired() {
        expired.increment();
    }

    /// @param reason one of few
    void unreadable(String reason) {
        Counter.builder("millrace.store.kafka.unreadable")
                .description("Records, or one trace's share of one, that were left out")
                .tags(store)
                .tag("reason", reason)
                .register(registry)
                .increment();
    }

    void threadReplaced() {
        threadsReplaced.increment();
    }

    void restarted() {
        restarts.increment();
    }

    void running(boolean now) {
        running.set(now);
    }

    /// @param byPartition of those that are here, without those of which it is not known
    void lag(Map<Integer, Long> byPartition) {
        lag.register(
                byPartition.entrySet().stream()
                        .map(each ->
                                MultiGauge.Row.of(
                                        Tags.of("partition", each.getKey().toString()),
                                        each.getValue()))
                        .toList(),
                true);
    }
}
