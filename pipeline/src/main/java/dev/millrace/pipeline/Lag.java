package dev.millrace.pipeline;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.millrace.pipeline.LagLook.Distance;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How far our groups are behind the ends of their topics, in records and in seconds.
///
/// Asked of Kafka from outside, so that it holds for groups nobody is a member of, too. What has
/// been written in a transaction counts once it is committed.
public final class Lag implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Lag.class);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final KafkaClients clients;
    private final LagLook look;
    private final Duration interval;
    private final MultiGauge records;
    private final MultiGauge seconds;
    private final Counter failures;
    private final LogGate failureLog;
    private final CountDownLatch closing = new CountDownLatch(1);

    private @Nullable Thread thread;

    /// @param topicsByGroup the groups to watch, and of each which topics it reads
    /// @param interval from one look to the next
    public Lag(
            KafkaClients clients,
            Map<String, Predicate<String>> topicsByGroup,
            Duration interval,
            InstantSource clock,
            MeterRegistry registry) {
        this.clients = clients;
        this.interval = interval;
        look = new LagLook(topicsByGroup, ANSWER_TIMEOUT, () -> closing.getCount() > 0, clock);
        records =
                MultiGauge.builder("millrace.consumer.lag")
                        .description("Records between a group's commit and the end")
                        .register(registry);
        seconds =
                MultiGauge.builder("millrace.consumer.lag.seconds")
                        .description("Age of the first record a group has not committed")
                        .register(registry);
        failures =
                Counter.builder("millrace.consumer.lag.failures")
                        .description("Looks at the lag that got no answer; the last one stands")
                        .register(registry);
        failureLog = new LogGate(registry.config().clock());
    }

    public synchronized void start() {
        if (thread != null || closing.getCount() == 0) {
            throw new IllegalStateException("lag: started before (expected: once)");
        }
        thread = Thread.ofPlatform().daemon().name("lag").start(this::run);
    }

    private void run() {
        Admin admin = clients.admin("lag");
        Consumer<byte[], byte[]> reader = clients.reader("lag", LagLook.LITTLE);
        try {
            do {
                try {
                    publish(look.distances(admin, reader));
                } catch (ExecutionException | TimeoutException | KafkaException e) {
                    failures.increment();
                    if (failureLog.open()) {
                        LOG.atWarn()
                                .addKeyValue("error", e.toString())
                                .log("Kafka does not say how far the groups are behind");
                    }
                }
            } while (!closing.await(interval.toMillis(), MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            admin.close(CLOSE_TIMEOUT);
            reader.close(CloseOptions.timeout(CLOSE_TIMEOUT));
        }
    }

    private void publish(List<Distance> distances) {
        records.register(rows(distances, Distance::records), true);
        seconds.register(rows(distances, distance -> distance.age().toMillis() / 1_000.0), true);
    }

    private static List<MultiGauge.Row<?>> rows(
            List<Distance> distances, ToDoubleFunction<Distance> value) {
        var rows = new ArrayList<MultiGauge.Row<?>>();
        for (Distance distance : distances) {
            var tags =
                    Tags.of(
                            "group", distance.group(),
                            "topic", distance.partition().topic(),
                            "partition", Integer.toString(distance.partition().partition()));
            rows.add(MultiGauge.Row.of(tags, value.applyAsDouble(distance)));
        }
        return rows;
    }

    /// Idempotent; returns within a bounded time.
    @Override
    public synchronized void close() {
        closing.countDown();
        Thread running = thread;
        thread = null;
        if (running == null) {
            return;
        }
        try {
            if (!running.join(CLOSE_TIMEOUT)) {
                running.interrupt();
                running.join(CLOSE_TIMEOUT);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
