package dev.millrace.collector;

import dev.millrace.pipeline.Backoff;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.Lag;
import dev.millrace.pipeline.LogGate;
import dev.millrace.pipeline.TopicsConfig;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes in the spans that others put on Kafka topics.
///
/// Every record is taken over by the sink, or is a dead letter, before its offset is committed;
/// after a crash some are read again. While the sink refuses, reading pauses. Any number of these,
/// in any number of processes, share the partitions of a group.
public final class KafkaSource implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(KafkaSource.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);

    private final KafkaSourceConfig config;
    private final KafkaClients clients;
    private final Pattern wanted;
    private final SpanIntake intake;
    private final DeadLetterBox deadLetters;
    private final SourceMetrics metrics;
    private final LogGate failureLog;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AtomicInteger failed = new AtomicInteger();
    private final List<Thread> threads = new ArrayList<>();

    /// @param ours our own cluster, which is read when the source names no other; null in direct
    ///   mode
    /// @param own our own topics, which no source may read from our own cluster: what is written
    ///   there would come round for ever
    /// @param deadLetters stays the caller's to close, after this
    /// @throws IllegalArgumentException when the source names no brokers and there are none of
    ///   ours, or when it names a topic of ours
    public KafkaSource(
            KafkaSourceConfig config,
            @Nullable KafkaConfig ours,
            TopicsConfig own,
            SpanIntake intake,
            DeadLetterBox deadLetters,
            MeterRegistry registry) {
        this.config = config;
        clients = new KafkaClients(cluster(config, ours));
        wanted = wanted(config, own);
        this.intake = intake;
        this.deadLetters = deadLetters;
        metrics = new SourceMetrics(registry, Transport.KAFKA, config.name());
        failureLog = new LogGate(metrics.clock());
    }

    private static KafkaConfig cluster(KafkaSourceConfig config, @Nullable KafkaConfig ours) {
        String brokers = config.brokers();
        if (brokers != null) {
            var base = KafkaConfig.cluster(brokers);
            return new KafkaConfig(
                    brokers,
                    config.properties(),
                    base.replicationFactor(),
                    base.durability(),
                    base.sessionTimeout());
        }
        if (ours == null) {
            throw new IllegalArgumentException(
                    "brokers: none (expected: host:port, for there is no Kafka of our own)");
        }
        var properties = new HashMap<>(ours.properties());
        properties.putAll(config.properties());
        return new KafkaConfig(
                ours.bootstrapServers(),
                properties,
                ours.replicationFactor(),
                ours.durability(),
                ours.sessionTimeout());
    }

    private static Pattern wanted(KafkaSourceConfig config, TopicsConfig own) {
        Set<String> refused =
                config.brokers() != null
                        ? Set.of()
                        : Stream.of(
                                        own.spans(),
                                        own.tracesComplete(),
                                        own.samplingDecisions(),
                                        own.deadLetters())
                                .map(own::fullName)
                                .collect(Collectors.toUnmodifiableSet());
        config.topics().stream()
                .filter(refused::contains)
                .findFirst()
                .ifPresent(topic -> {
                    throw new IllegalArgumentException(
                            "topics: " + topic + " (expected: none of our own)");
                });
        String pattern = config.pattern();
        String names = pattern == null ? anyOf(config.topics()) : pattern;
        String others = refused.isEmpty() ? "" : "(?!(?:" + anyOf(refused) + ")$)";
        return Pattern.compile("^" + others + "(?:" + names + ")$");
    }

    private static String anyOf(Iterable<String> names) {
        var quoted = new ArrayList<String>();
        names.forEach(name -> quoted.add(Pattern.quote(name)));
        return String.join("|", quoted);
    }

    /// Joins the group and reads in threads of its own; Kafka need not be there yet.
    public synchronized void start() {
        if (!threads.isEmpty() || closing.getCount() == 0) {
            throw new IllegalStateException("kafka source: started before (expected: once)");
        }
        for (int i = 0; i < config.threads(); i++) {
            threads.add(
                    Thread.ofPlatform()
                            .daemon()
                            .name("kafka-source-" + config.name() + "-" + i)
                            .start(this::run));
        }
    }

    /// False while one of its consumers has failed and not begun anew. A sink that refuses is not
    /// meant here, nor brokers that do not answer, which only Kafka's client would know.
    public boolean healthy() {
        return failed.get() == 0;
    }

    /// Watches how far this source is behind, once it is started; the caller's to close.
    ///
    /// @param interval from one look to the next
    public Lag lag(Duration interval, InstantSource clock, MeterRegistry registry) {
        return new Lag(
                clients,
                Map.of(config.group(), wanted.asMatchPredicate()),
                interval,
                clock,
                registry);
    }

    private void run() {
        var backoff = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(10));
        boolean down = false;
        try {
            do {
                try (var session = session()) {
                    subscribe(session);
                    while (closing.getCount() > 0) {
                        session.step();
                        if (down) {
                            failed.decrementAndGet();
                            down = false;
                        }
                        backoff.reset();
                    }
                } catch (RuntimeException e) {
                    if (!down) {
                        failed.incrementAndGet();
                        down = true;
                    }
                    metrics.failed();
                    if (failureLog.open()) {
                        log.atError()
                                .setCause(e)
                                .addKeyValue("source", config.name())
                                .log("Kafka source failed; it begins anew from its commit");
                    }
                }
            } while (!closing.await(backoff.next().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void subscribe(KafkaSourceSession session) {
        if (config.pattern() == null) {
            session.subscribe(config.topics());
        } else {
            session.subscribe(wanted);
        }
    }

    private KafkaSourceSession session() {
        return new KafkaSourceSession(
                clients.consumer("source", config.group()),
                config,
                intake,
                deadLetters,
                metrics,
                failureLog);
    }

    /// Waits a bounded time for what the sink has, commits it and leaves the group; the rest stays
    /// where it is. Idempotent.
    @Override
    public synchronized void close() {
        closing.countDown();
        long deadline = System.nanoTime() + CLOSE_TIMEOUT.toNanos();
        try {
            for (Thread thread : threads) {
                var left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
                if (!thread.join(left)) {
                    log.atWarn()
                            .addKeyValue("source", config.name())
                            .log("Kafka source did not stop in time; interrupting it");
                    thread.interrupt();
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
