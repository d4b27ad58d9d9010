package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.sampling.tail.Version;
import dev.millrace.sampling.tail.VersionCodec;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// The version of what verdicts depend on that is in force, and what came of the latest verdicts,
/// both read from the topics that aggregators go by.
///
/// Safe for use by any number of threads; every look has a reader of its own.
public final class SamplingLook {

    private static final Duration POLL = Duration.ofMillis(100);

    /// How many of the newest records are read first in search of a version: loads of machines may
    /// lie between.
    private static final long BACK = 8;

    private final KafkaClients clients;
    private final TopicsConfig topics;
    private final Bounds bounds;

    /// How much one look may cost.
    ///
    /// @param window how far back verdicts are counted
    /// @param decisions that are counted, the newest of each partition
    /// @param time for all of it
    public record Bounds(Duration window, long decisions, Duration time) {}

    /// What a rule, or none, did with traces.
    ///
    /// @param rule that gave the verdict
    public record Outcome(String rule, boolean kept) implements Comparable<Outcome> {

        @Override
        public int compareTo(Outcome other) {
            int byRule = rule.compareTo(other.rule);
            return byRule == 0 ? Boolean.compare(other.kept, kept) : byRule;
        }
    }

    /// Sums over traces and late fragments.
    ///
    /// @param errors how many of the spans failed
    public record Sums(long traces, long spans, long errors, long bytes) {

        private Sums plus(Sums other) {
            return new Sums(
                    traces + other.traces,
                    spans + other.spans,
                    errors + other.errors,
                    bytes + other.bytes);
        }
    }

    /// What was seen.
    ///
    /// @param version in force; empty where no aggregator has ever published one
    /// @param since from when on verdicts are counted: later than asked for where there were too
    ///   many
    /// @param whole whether all of those since then are counted
    public record Seen(
            Optional<Version> version,
            Map<Outcome, Sums> outcomes,
            Instant since,
            Instant until,
            boolean whole) {}

    public SamplingLook(KafkaClients clients, TopicsConfig topics, Bounds bounds) {
        this.clients = clients;
        this.topics = topics;
        this.bounds = bounds;
    }

    /// @throws KafkaException when Kafka does not answer
    public Seen look(Instant now) {
        int millis = Math.clamp(bounds.time().toMillis(), 1, Integer.MAX_VALUE);
        var settings = Map.of("default.api.timeout.ms", millis, "request.timeout.ms", millis);
        try (var consumer = clients.reader("sampling-look", settings)) {
            long deadline = System.nanoTime() + bounds.time().toNanos();
            return new Look(consumer, deadline).seen(now);
        }
    }

    /// One look.
    private final class Look {

        private final KafkaConsumer<byte[], byte[]> consumer;
        private final long deadline;
        private final Map<Outcome, Sums> outcomes = new TreeMap<>();
        private boolean whole = true;

        private Look(KafkaConsumer<byte[], byte[]> consumer, long deadline) {
            this.consumer = consumer;
            this.deadline = deadline;
        }

        private Seen seen(Instant now) {
            var version = version();
            var since = count(now);
            return new Seen(version, outcomes, since, now, whole);
        }

        private Optional<Version> version() {
            var partitions = partitions(topics.fullName(topics.samplingControl()));
            if (partitions.isEmpty()) {
                return Optional.empty();
            }
            var partition = partitions.getFirst();
            long beginning = consumer.beginningOffsets(partitions).getOrDefault(partition, 0L);
            long end = consumer.endOffsets(partitions).getOrDefault(partition, 0L);
            consumer.assign(partitions);
            long upTo = end;
            for (long back = BACK; upTo > beginning && !isLate(); back *= 16) {
                long from = Math.max(beginning, end - back);
                var found = newest(partition, from, upTo);
                if (found.isPresent()) {
                    return found;
                }
                upTo = from;
            }
            if (isLate() && upTo > beginning) {
                throw new KafkaException("no version was found within " + bounds.time());
            }
            return Optional.empty();
        }

        private Optional<Version> newest(TopicPartition partition, long from, long to) {
            Version newest = null;
            consumer.seek(partition, from);
            while (consumer.position(partition) < to && !isLate()) {
                for (var message : consumer.poll(POLL)) {
                    if (message.key() == null && message.offset() < to) {
                        try {
                            newest =
                                    VersionCodec.decode(
                                            message.offset() + 1, Slice.of(message.value()));
                        } catch (MalformedSpansException | IllegalArgumentException _) {
                            // Aggregators pass over it, too, and say so.
                        }
                    }
                }
            }
            return Optional.ofNullable(newest);
        }

        /// @return from when on verdicts are counted
        private Instant count(Instant now) {
            var partitions = partitions(topics.fullName(topics.samplingDecisions()));
            long since = now.minus(bounds.window()).toEpochMilli();
            if (partitions.isEmpty()) {
                return Instant.ofEpochMilli(since);
            }
            var ends = consumer.endOffsets(partitions);
            var times = new HashMap<TopicPartition, Long>();
            partitions.forEach(partition -> times.put(partition, since));
            var starts = consumer.offsetsForTimes(times);
            consumer.assign(partitions);
            long each = Math.max(1, bounds.decisions() / partitions.size());
            var cut = new HashSet<TopicPartition>();
            for (var partition : partitions) {
                long end = ends.getOrDefault(partition, 0L);
                var start = starts.get(partition);
                long from = start == null ? end : start.offset();
                if (end - from > each) {
                    cut.add(partition);
                }
                consumer.seek(partition, Math.max(from, end - each));
            }
            return Instant.ofEpochMilli(read(ends, cut, since));
        }

        // Of partitions with more than was to be read the stretches of time differ: all are counted
        // from where the shortest begins, so that the sums are of one.
        private long read(Map<TopicPartition, Long> ends, Set<TopicPartition> cut, long since) {
            var read = new HashMap<TopicPartition, List<Counted>>();
            var open = new ArrayList<>(ends.keySet());
            open.removeIf(
                    partition -> consumer.position(partition) >= ends.getOrDefault(partition, 0L));
            while (!open.isEmpty() && !isLate()) {
                for (var message : consumer.poll(POLL)) {
                    try {
                        read.computeIfAbsent(
                                        new TopicPartition(message.topic(), message.partition()),
                                        _ -> new ArrayList<>())
                                .add(
                                        counted(
                                                message.timestamp(),
                                                Decision.decode(Slice.of(message.value()))));
                    } catch (MalformedSpansException _) {
                        whole = false;
                    }
                }
                open.removeIf(partition ->
                        consumer.position(partition) >= ends.getOrDefault(partition, 0L));
            }
            whole &= open.isEmpty();
            long from =
                    cut.stream()
                            .map(partition -> read.getOrDefault(partition, List.of()))
                            .filter(some -> !some.isEmpty())
                            .mapToLong(some -> some.getFirst().time())
                            .max()
                            .orElse(since);
            for (var some : read.values()) {
                for (var one : some) {
                    if (one.time() >= from) {
                        outcomes.merge(one.outcome(), one.sums(), Sums::plus);
                    }
                }
            }
            return from;
        }

        private Counted counted(long time, Decision decision) {
            var digest = decision.trace().digest();
            return new Counted(
                    time,
                    new Outcome(decision.policy(), decision.verdict() == Decision.Verdict.KEEP),
                    new Sums(1, digest.spans(), digest.errors(), digest.bytes()));
        }

        private List<TopicPartition> partitions(String topic) {
            var known = consumer.partitionsFor(topic);
            return known == null
                    ? List.of()
                    : known.stream()
                            .map(info -> new TopicPartition(topic, info.partition()))
                            .toList();
        }

        private boolean isLate() {
            return System.nanoTime() - deadline >= 0;
        }
    }

    private record Counted(long time, Outcome outcome, Sums sums) {}
}
