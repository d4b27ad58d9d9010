package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.sampling.LoadFactor;
import dev.millrace.sampling.Weight;
import dev.millrace.sampling.tail.DemandWindow;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.sampling.tail.Policy;
import dev.millrace.sampling.tail.PolicyFile;
import dev.millrace.sampling.tail.RootOperation;
import dev.millrace.sampling.tail.Shares;
import dev.millrace.sampling.tail.SlowBounds;
import dev.millrace.sampling.tail.Verdict;
import dev.millrace.sampling.tail.Version;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Computes from all verdicts and the load of all machines what the next verdicts depend on, and
/// publishes it as a [Version] when it has changed.
///
/// The owner of partition 0 of `spans` leads. For a moment two may believe they do; both write
/// whole versions, and the later holds. What a leader needs to know it reads back from
/// `sampling-decisions`, so a new one begins where the last one ended. Confined to one thread.
final class VersionLeader implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(VersionLeader.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
    private static final int DEMAND_SLICES = 6;
    private static final int MAX_OPERATIONS = 10_000;

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final ControlLog control;
    private final TailConfig config;
    private final InstantSource clock;
    private final DurationWindow durations;
    private final DemandWindow demand;
    private final LogGate failureLog;
    private LoadFactor load;
    private String policyText = "";

    /// What stood in the file last and is no policy; told once.
    private String refusedText = "";

    private Policy policy = Policy.KEEP_ALL;
    private boolean reads;
    private long nextLook;

    VersionLeader(
            KafkaClients clients,
            TailConfig config,
            TopicsConfig topics,
            InstantSource clock,
            LogGate failureLog) {
        this.config = config;
        this.clock = clock;
        this.failureLog = failureLog;
        consumer = clients.reader("version-leader");
        control = new ControlLog(clients, "version-leader", topics);
        load = new LoadFactor(config.load());
        durations = new DurationWindow(config.durations());
        demand = new DemandWindow(config.demandWindow().toMillis(), DEMAND_SLICES, MAX_OPERATIONS);
        consumer.assign(
                IntStream.range(0, topics.samplingDecisions().partitions())
                        .mapToObj(number ->
                                new TopicPartition(
                                        topics.fullName(topics.samplingDecisions()), number))
                        .toList());
    }

    void open() {
        policyText = config.policy().get();
        policy = PolicyFile.read("policy", policyText);
        control.open(policyText);
        load = new LoadFactor(config.load(), control.latest().loadFactor(), nanos());
        // A policy that was changed while nobody led.
        look();
        nextLook = clock.millis() + config.interval().toMillis();
    }

    /// Reads what was decided and, when it is time, publishes what follows from it.
    ///
    /// @return whether it waits for decisions itself; otherwise the next step need not come soon
    boolean step() {
        boolean needed = !policy.percentiles().isEmpty() || !policy.budget().isUnlimited();
        if (needed && !reads) {
            seekIntoWindow();
        }
        reads = needed;
        if (reads) {
            for (var message : consumer.poll(POLL)) {
                try {
                    note(Decision.decode(Slice.of(message.value())));
                } catch (MalformedSpansException | IllegalArgumentException e) {
                    if (failureLog.open()) {
                        LOG.atWarn().addKeyValue("error", e.toString()).log("Not a decision");
                    }
                }
            }
        }
        if (clock.millis() >= nextLook) {
            nextLook = clock.millis() + config.interval().toMillis();
            look();
        }
        return reads;
    }

    private void seekIntoWindow() {
        long from =
                clock.millis()
                        - Math.max(
                                config.durations().windowMillis(),
                                config.demandWindow().toMillis());
        Map<TopicPartition, Long> times = new HashMap<>();
        consumer.assignment().forEach(partition -> times.put(partition, from));
        consumer.offsetsForTimes(times)
                .forEach((partition, found) -> {
                    if (found == null) {
                        consumer.seekToEnd(List.of(partition));
                    } else {
                        consumer.seek(partition, found.offset());
                    }
                });
    }

    private void note(Decision decision) {
        if (decision.verdict() == Decision.Verdict.REFUSED) {
            return; // nobody has judged it
        }
        var trace = decision.trace();
        var digest = trace.digest();
        var operation =
                new RootOperation(trace.tenant(), digest.rootService(), digest.rootOperation());
        if (!trace.late()) {
            durations.add(
                    operation,
                    trace.closedAt(),
                    digest.durationNanos(),
                    Weight.of(decision.arrival().leastThreshold()));
        }
        demand.add(
                operation,
                trace.closedAt(),
                new Verdict(
                        decision.verdict() == Decision.Verdict.KEEP,
                        decision.policy(),
                        decision.ruleThreshold(),
                        decision.threshold()),
                decision.arrival().leastThreshold(),
                digest.spans(),
                digest.bytes());
    }

    private void readPolicy() {
        String text = policyText;
        try {
            text = config.policy().get();
            if (!text.equals(policyText) && !text.equals(refusedText)) {
                policy = PolicyFile.read("policy", text);
                policyText = text;
            }
        } catch (IllegalArgumentException e) {
            // A file that cannot be read leaves the text as it was, and is told of again.
            if (!text.equals(policyText) || failureLog.open()) {
                refusedText = text;
                LOG.atError()
                        .addKeyValue("error", e.getMessage())
                        .log("The changed policy is none; the one before stays");
            }
        }
    }

    /// What chance decides about gives way when one of the group is busy: all share the work, and
    /// one factor for all keeps thresholds comparable.
    private double loadFactor() {
        double factor = load.step(control.busiest(clock.millis()), nanos());
        return policy.hasChance() ? factor : 1;
    }

    private long nanos() {
        return TimeUnit.MILLISECONDS.toNanos(clock.millis());
    }

    private void look() {
        readPolicy();
        control.refresh();
        var next =
                new Version(
                        0,
                        policyText,
                        policy,
                        reads ? durations.bounds(policy.percentiles()) : SlowBounds.NONE,
                        reads ? demand.shares(policy.budget()) : Shares.ALL,
                        loadFactor());
        if (!next.decidesAs(control.latest())) {
            var published = control.publish(next);
            LOG.atInfo()
                    .addKeyValue("version", published.number())
                    .log("Verdicts depend on a new version");
        }
    }

    @Override
    public void close() {
        control.close();
        consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT));
    }
}
