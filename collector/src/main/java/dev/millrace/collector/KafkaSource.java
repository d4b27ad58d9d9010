package dev.millrace.collector;

import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.Lag;
import dev.millrace.pipeline.LogGate;
import dev.millrace.pipeline.SessionLoop;
import dev.millrace.pipeline.TopicsConfig;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
    private final List<SessionLoop<KafkaSourceSession>> loops;

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
        loops = IntStream.range(0, config.threads()).mapToObj(this::loop).toList();
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
    public void start() {
        loops.forEach(loop -> loop.start(() -> {}));
    }

    /// False while one of its consumers has failed and not begun anew. A sink that refuses is not
    /// meant here, nor brokers that do not answer, which only Kafka's client would know.
    public boolean healthy() {
        return loops.stream().allMatch(SessionLoop::healthy);
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

    private SessionLoop<KafkaSourceSession> loop(int number) {
        return new SessionLoop<>(
                "kafka-source-" + config.name() + "-" + number,
                this::session,
                this::subscribe,
                this::failed);
    }

    private void failed(RuntimeException failure) {
        metrics.failed();
        if (failureLog.open()) {
            log.atError()
                    .setCause(failure)
                    .addKeyValue("source", config.name())
                    .log("Kafka source failed; it begins anew from its commit");
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
        loops.forEach(SessionLoop::stop);
        long deadline = System.nanoTime() + CLOSE_TIMEOUT.toNanos();
        for (var loop : loops) {
            var left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
            if (!loop.join(left)) {
                log.atWarn()
                        .addKeyValue("source", config.name())
                        .log("Kafka source did not stop in time; interrupting it");
                loop.interrupt();
            }
        }
    }
}
