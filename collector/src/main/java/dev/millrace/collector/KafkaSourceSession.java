package dev.millrace.collector;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.Backoff;
import dev.millrace.pipeline.DeadLetterWriter.Letter;
import dev.millrace.pipeline.LogGate;
import dev.millrace.pipeline.Positions;
import dev.millrace.pipeline.ReadingPause;
import dev.millrace.pipeline.SessionLoop;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One consumer's life in a source's group.
///
/// Records go to the intake as they are read, many at a time, and their answers come in any order;
/// a partition's offset is committed up to the first record that has none yet. What the sink
/// refuses is kept and handed over again after a pause in which nothing is read.
///
/// For one thread, which calls [#step()] again and again.
final class KafkaSourceSession implements ConsumerRebalanceListener, SessionLoop.Session {

    private static final Logger log = LoggerFactory.getLogger(KafkaSourceSession.class);

    private static final Duration IDLE_POLL = Duration.ofMillis(100);
    private static final Duration BUSY_POLL = Duration.ofMillis(10);
    private static final long STEP_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long COMMIT_NANOS = Duration.ofMillis(200).toNanos();
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(5);

    // The answers and the last commit are waited for within it, and leaving the group comes after.
    private static final Duration CLOSE_TIMEOUT =
            DRAIN_TIMEOUT.plus(Positions.COMMIT_TIMEOUT).plusSeconds(5);

    /// A record that was read, until everything before it in its partition is done with, too.
    private static final class Entry {
        final ConsumerRecord<byte[], byte[]> record;
        boolean sent;
        boolean done;
        boolean dropped;

        Entry(ConsumerRecord<byte[], byte[]> record) {
            this.record = record;
        }

        TopicPartition partition() {
            return new TopicPartition(record.topic(), record.partition());
        }

        long bytes() {
            return Math.max(0, record.serializedKeySize())
                    + (long) Math.max(0, record.serializedValueSize());
        }
    }

    /// What the intake said about a record; null when it has it.
    private record Answer(Entry entry, @Nullable Throwable failure) {}

    private final Consumer<byte[], byte[]> consumer;
    private final KafkaSourceConfig config;
    private final SpanIntake intake;
    private final DeadLetterBox deadLetters;
    private final SourceMetrics metrics;
    private final LogGate failureLog;
    private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));

    private final Map<TopicPartition, Deque<Entry>> held = new HashMap<>();
    private final Map<TopicPartition, Long> ends = new HashMap<>();
    private final Positions durable;
    private final ReadingPause readingPause;
    private final Deque<Entry> waiting = new ArrayDeque<>();
    private final List<Entry> poison = new ArrayList<>();
    private final List<Letter> letters = new ArrayList<>();
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();

    private long heldBytes;
    private int sent;
    private boolean connected;
    private boolean refused;
    private long retryAt;
    private long commitAt;

    KafkaSourceSession(
            Consumer<byte[], byte[]> consumer,
            KafkaSourceConfig config,
            SpanIntake intake,
            DeadLetterBox deadLetters,
            SourceMetrics metrics,
            LogGate failureLog) {
        this.consumer = consumer;
        this.durable = new Positions(config.group(), failureLog);
        this.readingPause = new ReadingPause(consumer);
        this.config = config;
        this.intake = intake;
        this.deadLetters = deadLetters;
        this.metrics = metrics;
        this.failureLog = failureLog;
        commitAt = now();
    }

    void subscribe(Collection<String> topics) {
        consumer.subscribe(topics, this);
    }

    void subscribe(Pattern topics) {
        consumer.subscribe(topics, this);
    }

    /// Reads what there is, hands it over, and commits what was taken over.
    @Override
    public void step() {
        read();
        answer();
        if (!refused || now() - retryAt >= 0) {
            bury();
            hand();
        }
        answer();
        settle();
        if (now() - commitAt >= 0) {
            commitAt = now() + COMMIT_NANOS;
            durable.commit(consumer);
        }
    }

    private void read() {
        boolean full = refused || heldBytes > config.maxInFlight().bytes();
        readingPause.set(full);
        boolean busy = sent > 0 || !waiting.isEmpty() || !durable.isEmpty();
        var records = consumer.poll(busy && !refused ? BUSY_POLL : IDLE_POLL);
        records.forEach(record -> {
            var entry = new Entry(record);
            held.computeIfAbsent(entry.partition(), _ -> new ArrayDeque<>()).add(entry);
            waiting.add(entry);
            heldBytes += entry.bytes();
            metrics.held(1);
        });
        records.nextOffsets()
                .forEach((partition, next) -> {
                    held.computeIfAbsent(partition, _ -> new ArrayDeque<>());
                    ends.put(partition, next.offset());
                });
    }

    // A step must end: the group counts us out when we do not poll.
    private void hand() {
        long until = now() + STEP_NANOS;
        while (!waiting.isEmpty() && now() - until < 0) {
            var entry = waiting.remove();
            if (entry.dropped) {
                continue;
            }
            entry.sent = true;
            sent++;
            var _ =
                    taken(entry.record)
                            .whenComplete((_, failure) -> answers.add(new Answer(entry, failure)));
            // An answer that came at once may be a refusal, and the rest would be refused as well.
            answer();
            if (refused && now() - retryAt < 0) {
                return;
            }
        }
    }

    private CompletableFuture<Receipt> taken(ConsumerRecord<byte[], byte[]> record) {
        try {
            byte[] value = record.value();
            var body = value == null ? Slice.EMPTY : Slice.of(value);
            return intake.take(
                    Transport.KAFKA, tenant(record), config.encoding().format(body), body);
        } catch (MalformedSpansException e) {
            return CompletableFuture.failedFuture(intake.refused(Transport.KAFKA, Refusal.of(e)));
        }
    }

    private Tenant tenant(ConsumerRecord<byte[], byte[]> record) {
        String name = config.tenantHeader();
        var header = name == null ? null : record.headers().lastHeader(name);
        if (header == null) {
            return config.tenant();
        }
        byte[] value = header.value();
        try {
            return new Tenant(value == null ? "" : new String(value, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            throw new MalformedSpansException("header " + name + ": " + e.getMessage());
        }
    }

    private void answer() {
        for (var answer = answers.poll(); answer != null; answer = answers.poll()) {
            answered(answer);
        }
    }

    private void answered(Answer answer) {
        var entry = answer.entry();
        entry.sent = false;
        sent--;
        if (entry.dropped) {
            return;
        }
        var failure = answer.failure();
        if (failure == null) {
            entry.done = true;
            if (refused && now() - retryAt >= 0) {
                refused = false;
                backoff.reset();
            }
            return;
        }
        var refusal = Refusal.of(failure);
        if (refusal.retryAfter() == null) {
            poison.add(entry);
            letters.add(Letter.of(entry.record, refusal.outcome().word(), refusal.message()));
        } else {
            waiting.addFirst(entry);
            pause(refusal.retryAfter(), refusal.message());
        }
    }

    // Many are refused at the same time, for one reason.
    private void pause(Duration atLeast, String reason) {
        long now = now();
        if (refused && now - retryAt < 0) {
            return;
        }
        refused = true;
        Duration delay = backoff.next();
        retryAt = now + Math.max(delay.toNanos(), Math.min(atLeast.toNanos(), STEP_NANOS));
        if (failureLog.open()) {
            log.atWarn()
                    .addKeyValue("source", config.name())
                    .addKeyValue("error", reason)
                    .log("Spans are refused; reading pauses until they are taken");
        }
    }

    private void bury() {
        if (letters.isEmpty()) {
            return;
        }
        try {
            deadLetters.put(letters);
        } catch (RuntimeException e) {
            pause(Duration.ZERO, "dead letters: " + e);
            return;
        }
        poison.forEach(entry -> entry.done = true);
        poison.clear();
        letters.clear();
        if (refused && waiting.isEmpty() && sent == 0) {
            refused = false;
        }
    }

    /// Forgets what is done and has nothing undone before it.
    private void settle() {
        held.forEach((partition, entries) -> {
            for (var head = entries.peek(); head != null && head.done; head = entries.peek()) {
                durable.advance(partition, head.record.offset() + 1);
                forget(entries.remove());
            }
            var end = ends.get(partition);
            // Transactions leave marks of their own behind the last record.
            if (entries.isEmpty() && end != null) {
                durable.advance(partition, end);
                ends.remove(partition);
            }
        });
        if (refused && waiting.isEmpty() && poison.isEmpty() && sent == 0) {
            refused = false;
        }
    }

    private void forget(Entry entry) {
        heldBytes -= entry.bytes();
        metrics.held(-1);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        if (!connected) {
            connected = true;
            metrics.connected(1);
        }
        readingPause.assigned(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        await(DRAIN_TIMEOUT, partitions);
        durable.commit(consumer);
        drop(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        drop(partitions);
    }

    /// Waits for the answers to what was handed over, and settles what they allow.
    private void await(Duration atMost, Collection<TopicPartition> partitions) {
        long deadline = now() + atMost.toNanos();
        try {
            while (isSent(partitions)) {
                long left = deadline - now();
                if (left <= 0) {
                    break;
                }
                // No longer at once, for the queue has a clock of its own.
                var answer =
                        answers.poll(Math.min(left, BUSY_POLL.toNanos()), TimeUnit.NANOSECONDS);
                if (answer != null) {
                    answered(answer);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        settle();
    }

    private boolean isSent(Collection<TopicPartition> partitions) {
        return held.entrySet().stream()
                .filter(entry -> partitions.contains(entry.getKey()))
                .flatMap(entry -> entry.getValue().stream())
                .anyMatch(entry -> entry.sent);
    }

    private void drop(Collection<TopicPartition> partitions) {
        for (var partition : partitions) {
            var entries = held.remove(partition);
            if (entries != null) {
                entries.forEach(entry -> {
                    entry.dropped = true;
                    forget(entry);
                });
            }
        }
        waiting.removeIf(entry -> entry.dropped);
        poison.removeIf(entry -> entry.dropped);
        letters.removeIf(letter ->
                partitions.contains(
                        new TopicPartition(letter.record().topic(), letter.record().partition())));
        ends.keySet().removeAll(partitions);
        durable.drop(partitions);
    }

    /// Leaves the group. What is not committed is read again by whoever owns it next.
    @Override
    public void close() {
        try {
            consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT));
        } finally {
            drop(List.copyOf(held.keySet()));
            if (connected) {
                connected = false;
                metrics.connected(-1);
            }
        }
    }

    private long now() {
        return metrics.clock().monotonicTime();
    }
}
