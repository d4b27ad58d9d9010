package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DecisionLookup;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceDecision;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// Finds the decisions about a trace in `sampling-decisions`, in the one partition where they must
/// be: outputs of partition p of `spans` lie in p mod n.
///
/// Kafka has no index of keys, so the partition is read, the newest stretch first, until the first
/// decision about the trace has come up or a bound ends it. Only what is committed counts.
///
/// Every question has a reader of its own, and there are so many at once and no more.
public final class DecisionReader implements DecisionLookup {

    private static final Duration POLL = Duration.ofMillis(100);
    private static final int MOST_AT_ONCE = 4;

    /// The first stretch is short, for most ask about what was decided just now; each further one
    /// is twice as long, up to the longest.
    private static final long SHORTEST = 5_000;

    private static final long LONGEST = 320_000;

    private final KafkaClients clients;
    private final TopicsConfig topics;
    private final Bounds bounds;
    private final Semaphore places = new Semaphore(MOST_AT_ONCE);

    /// How much one question may cost.
    ///
    /// @param decisions about any trace, that are looked at
    /// @param time that they are read for, and that Kafka may take to answer
    public record Bounds(long decisions, Duration time) {

        public Bounds {
            if (decisions < 1 || !time.isPositive()) {
                throw new IllegalArgumentException(
                        "bounds: " + decisions + ", " + time + " (expected: above zero)");
            }
        }
    }

    public DecisionReader(KafkaClients clients, TopicsConfig topics, Bounds bounds) {
        this.clients = clients;
        this.topics = topics;
        this.bounds = bounds;
    }

    @Override
    public Found find(Tenant tenant, TraceId traceId, Instant from, Instant to) {
        if (!places.tryAcquire()) {
            throw new StoreException(
                    Kind.OVER_CAPACITY,
                    "decisions: "
                            + MOST_AT_ONCE
                            + " questions are at work, as many as there may be");
        }
        int millis = Math.clamp(bounds.time().toMillis(), 1, Integer.MAX_VALUE);
        var settings =
                Map.of(
                        "default.api.timeout.ms",
                        millis,
                        "request.timeout.ms",
                        millis,
                        "max.partition.fetch.bytes",
                        4 << 20);
        try (var consumer = clients.reader("decisions", settings)) {
            return new Question(consumer, tenant, traceId, from, to).answer();
        } catch (KafkaException e) {
            throw new StoreException(
                    Kind.UNAVAILABLE, "decisions: Kafka does not answer: " + e.getMessage(), e);
        } finally {
            places.release();
        }
    }

    /// A decision and where it lies.
    private record Placed(long offset, Decision decision) {}

    /// Reads for one question.
    private final class Question {

        private final KafkaConsumer<byte[], byte[]> consumer;
        private final Tenant tenant;
        private final byte[] key;
        private final TraceId traceId;
        private final Instant from;
        private final Instant to;
        private final long begin = System.nanoTime();
        private final List<Placed> found = new ArrayList<>();
        private long read;

        private Question(
                KafkaConsumer<byte[], byte[]> consumer,
                Tenant tenant,
                TraceId traceId,
                Instant from,
                Instant to) {
            this.consumer = consumer;
            this.tenant = tenant;
            this.traceId = traceId;
            this.key = TraceKey.of(traceId);
            this.from = from;
            this.to = to;
        }

        private Found answer() {
            var partition = partition();
            consumer.assign(List.of(partition));
            long first = consumer.beginningOffsets(List.of(partition)).getOrDefault(partition, 0L);
            long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            if (from.isAfter(Instant.EPOCH)) {
                first = Math.max(first, offsetAt(partition, from.toEpochMilli(), end));
            }
            // What was written in that very millisecond counts.
            end = Math.min(end, offsetAt(partition, to.toEpochMilli() + 1, end));
            var gap = readBackwards(partition, first, end);
            found.sort(Comparator.comparingLong(Placed::offset));
            return new Found(
                    found.stream().map(placed -> told(partition, placed)).toList(), read, gap);
        }

        private TopicPartition partition() {
            int spans = partitions(topics.fullName(topics.spans()));
            var topic = topics.fullName(topics.samplingDecisions());
            int home = topics.dialect().partition(traceId, spans);
            return new TopicPartition(topic, home % partitions(topic));
        }

        // As it is, and not as it is configured: whoever only asks may not have made the topics.
        private int partitions(String topic) {
            var known = consumer.partitionsFor(topic);
            if (known == null || known.isEmpty()) {
                throw new StoreException(
                        Kind.UNAVAILABLE, "decisions: there is no topic " + topic + " yet");
            }
            return known.size();
        }

        private long offsetAt(TopicPartition partition, long millis, long otherwise) {
            var offset = consumer.offsetsForTimes(Map.of(partition, millis)).get(partition);
            return offset == null ? otherwise : offset.offset();
        }

        /// @return why not all of it was read; empty when it was, or more cannot be there
        private Optional<String> readBackwards(TopicPartition partition, long first, long end) {
            long length = SHORTEST;
            long upTo = end;
            // Another site's part was decided about before the first that comes up, if not long.
            int further = topics.sites().isEmpty() ? 0 : 1;
            while (upTo > first) {
                if (isComplete()) {
                    if (further == 0) {
                        break;
                    }
                    further--;
                }
                long start = Math.max(first, upTo - length);
                if (!readStretch(partition, start, upTo)) {
                    return Optional.of(
                            "decisions from offset "
                                    + first
                                    + " to "
                                    + (upTo - 1)
                                    + " of "
                                    + partition
                                    + " were not all looked at: "
                                    + read
                                    + " others took "
                                    + Duration.ofNanos(System.nanoTime() - begin).toMillis()
                                    + " ms (start and end narrow that down)");
                }
                upTo = start;
                length = Math.min(length * 2, LONGEST);
            }
            return Optional.empty();
        }

        /// Whether the first decision about the trace has come up, which all others follow.
        private boolean isComplete() {
            return found.stream()
                    .anyMatch(placed ->
                            placed.decision().trace().fragment() == 0
                                    && placed.decision().upgrade() == Decision.Upgrade.NONE);
        }

        /// @return whether all of it was read
        private boolean readStretch(TopicPartition partition, long start, long end) {
            consumer.seek(partition, start);
            while (consumer.position(partition) < end) {
                if (read >= bounds.decisions()
                        || System.nanoTime() - begin >= bounds.time().toNanos()) {
                    return false;
                }
                for (var message : consumer.poll(POLL)) {
                    if (message.offset() >= end) {
                        break;
                    }
                    read++;
                    take(message);
                }
            }
            return true;
        }

        private void take(ConsumerRecord<byte[], byte[]> message) {
            if (!Arrays.equals(message.key(), key) || message.value() == null) {
                return;
            }
            try {
                var decision = Decision.decode(Slice.of(message.value()));
                if (decision.trace().tenant().equals(tenant)
                        && decision.trace().traceId().equals(traceId)) {
                    found.add(new Placed(message.offset(), decision));
                }
            } catch (MalformedSpansException e) {
                throw new StoreException(
                        Kind.CORRUPT,
                        "decisions: offset "
                                + message.offset()
                                + " of "
                                + message.topic()
                                + "-"
                                + message.partition()
                                + ": "
                                + e.getMessage(),
                        e);
            }
        }
    }

    private static TraceDecision told(TopicPartition partition, Placed placed) {
        var decision = placed.decision();
        var trace = decision.trace();
        var digest = trace.digest();
        return new TraceDecision(
                switch (decision.verdict()) {
                    case KEEP -> TraceDecision.Verdict.KEEP;
                    case DROP -> TraceDecision.Verdict.DROP;
                    case REFUSED -> TraceDecision.Verdict.REFUSED;
                },
                decision.policy(),
                decision.threshold(),
                decision.ruleThreshold(),
                decision.arrival().leastThreshold(),
                decision.arrival().incomplete(),
                decision.version(),
                trace.fragment(),
                switch (decision.upgrade()) {
                    case NONE -> TraceDecision.Upgrade.NONE;
                    case ASKED -> TraceDecision.Upgrade.ASKED;
                    case DONE -> TraceDecision.Upgrade.DONE;
                },
                Instant.ofEpochMilli(trace.closedAt()),
                Instant.ofEpochMilli(trace.decidedAt()),
                new TraceDecision.Digest(
                        digest.rootService(),
                        digest.rootOperation(),
                        digest.hasRoot(),
                        digest.startNanos(),
                        digest.durationNanos(),
                        digest.spans(),
                        digest.errors(),
                        digest.duplicates(),
                        digest.bytes(),
                        digest.services()),
                new TraceDecision.Stretch(
                        decision.sourceTopic(),
                        decision.partition(),
                        trace.firstOffset(),
                        trace.lastOffset()),
                new TraceDecision.Stretch(
                        partition.topic(),
                        partition.partition(),
                        placed.offset(),
                        placed.offset()));
    }
}
