package dev.millrace.storage.kafka;

import dev.millrace.pipeline.LogGate;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the dependency store counts, of all the partitions that a process has, active or standby.
final class DependencyStateMeters {

    private static final Logger LOG = LoggerFactory.getLogger(DependencyStateMeters.class);

    private final KafkaStoreMeters store;
    private final Clock clock;
    private final LogGate log;
    private final Counter records;
    private final Counter unreadable;
    private final Timer write;
    private final AtomicLong series = new AtomicLong();

    DependencyStateMeters(MeterRegistry registry) {
        store = new KafkaStoreMeters("figures", registry);
        clock = registry.config().clock();
        log = new LogGate(clock);
        records =
                Counter.builder("millrace.store.kafka.figures.records")
                        .description("Records of figures that were added up, restored ones too")
                        .register(registry);
        unreadable =
                Counter.builder("millrace.store.kafka.figures.unreadable")
                        .description("Records passed over because they are no figures")
                        .register(registry);
        write =
                Timer.builder("millrace.store.kafka.figures.write")
                        .description("One write of what has changed of a partition's figures")
                        .register(registry);
        Gauge.builder("millrace.store.kafka.figures.series", series, AtomicLong::doubleValue)
                .description("Series of which figures are in memory")
                .register(registry);
    }

    /// What it counts as every store on Kafka does.
    KafkaStoreMeters store() {
        return store;
    }

    Clock clock() {
        return clock;
    }

    void added() {
        records.increment();
    }

    /// The first of them, and one now and then, is named in the log.
    void unreadable(String topic, int partition, long offset, String why) {
        unreadable.increment();
        if (log.open()) {
            LOG.atWarn()
                    .addKeyValue("topic", topic)
                    .addKeyValue("partition", partition)
                    .addKeyValue("offset", offset)
                    .addKeyValue("error", why)
                    .log("A record is no figures of services; it is passed over");
        }
    }

    void wrote(long nanos) {
        write.record(nanos, TimeUnit.NANOSECONDS);
    }

    void held(long change) {
        series.addAndGet(change);
    }
}
