package dev.millrace.pipeline;

import dev.millrace.assembly.LogRecord;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads the spans of traces that had been dropped back from `spans`, on a thread of its own and no
/// faster than it may, so that no partition waits for it.
final class SpanRecall implements EarlierSpans, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SpanRecall.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration STALL = Duration.ofSeconds(30);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
    private static final long BYTES_PER_SECOND = 16 << 20;
    private static final int MOST_WAITING = 10_000;

    /// The bytes of records read back for one trace; an answer is held in memory and given out in
    /// one transaction.
    static final long MOST_BYTES = 32 << 20;

    /// Smaller fetches than usual, for a trace is a small part of what lies around it.
    private static final Map<String, Integer> LITTLE =
            Map.of("max.partition.fetch.bytes", 1 << 20, "fetch.max.bytes", 2 << 20);

    /// What to read: all of a trace before the fragment that brought it back.
    ///
    /// @param asked what was decided about that fragment
    /// @param from the offset of the trace's first record
    record Request(TopicPartition partition, Decision asked, long from) {

        Tenant tenant() {
            return asked.trace().tenant();
        }

        TraceId traceId() {
            return asked.trace().traceId();
        }

        /// The last offset where some of it may be.
        long to() {
            return asked.trace().firstOffset() - 1;
        }
    }

    /// What was found.
    ///
    /// @param records the trace's spans by offset
    /// @param gone whether something is missing: retention has taken some of the stretch that was
    ///   to be read, or there was more than may be read back
    record Answer(Request request, SortedMap<Long, LogRecord> records, boolean gone) {}

    private record Task(Request request, Consumer<Answer> reply) {}

    private final KafkaClients clients;
    private final String role;
    private final LogGate failureLog;
    private final long mostBytes;
    private final ForeignRecords foreign;
    private final LinkedBlockingQueue<Task> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    /// Of the request that is being served, or was last.
    private volatile @Nullable KafkaConsumer<byte[], byte[]> reading;

    /// @param mostBytes of records that are read back for one trace
    /// @param foreign tells which records others have written
    SpanRecall(
            KafkaClients clients,
            String role,
            LogGate failureLog,
            long mostBytes,
            ForeignRecords foreign) {
        this.mostBytes = mostBytes;
        this.foreign = foreign;
        this.clients = clients;
        this.role = role;
        this.failureLog = failureLog;
        thread = Thread.ofPlatform().daemon().name(role + "-recall").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    @Override
    public boolean ask(Request request, Consumer<Answer> reply) {
        return waiting.offer(new Task(request, reply));
    }

    private void run() {
        var pause = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
        try {
            Task task = null;
            while (closing.getCount() > 0) {
                // What failed is tried again before anything else, so nothing is given up.
                task = task == null ? waiting.poll(POLL.toMillis(), TimeUnit.MILLISECONDS) : task;
                if (task == null) {
                    continue;
                }
                try (var consumer = clients.reader(role + "-recall", LITTLE)) {
                    reading = consumer;
                    serve(consumer, task);
                    task = null;
                    pause.reset();
                } catch (KafkaException e) {
                    if (closing.getCount() > 0 && failureLog.open()) {
                        LOG.atWarn()
                                .addKeyValue("error", e.toString())
                                .log("Spans of a dropped trace cannot be read back yet");
                    }
                    closing.await(pause.next().toMillis(), TimeUnit.MILLISECONDS);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(KafkaConsumer<byte[], byte[]> consumer, Task task)
            throws InterruptedException {
        var request = task.request();
        var partition = request.partition();
        consumer.assign(List.of(partition));
        long beginning = consumer.beginningOffsets(List.of(partition)).getOrDefault(partition, 0L);
        var records = new TreeMap<Long, LogRecord>();
        consumer.seek(partition, Math.max(beginning, request.from()));
        int idle = 0;
        long held = 0;
        boolean tooMuch = false;
        while (consumer.position(partition) <= request.to()) {
            long before = consumer.position(partition);
            long bytes = 0;
            for (var message : consumer.poll(POLL)) {
                bytes += Math.max(0, message.serializedValueSize());
                if (message.offset() > request.to() || message.value() == null) {
                    continue;
                }
                var bodies = find(message, foreign, request);
                if (bodies.isEmpty()) {
                    continue;
                }
                if (held + message.value().length <= mostBytes) {
                    held += message.value().length;
                    records.put(message.offset(), new LogRecord(message.timestamp(), bodies));
                } else {
                    tooMuch = true;
                }
            }
            if (closing.await(bytes * 1_000 / BYTES_PER_SECOND, TimeUnit.MILLISECONDS)) {
                return;
            }
            idle = consumer.position(partition) > before ? 0 : idle + 1;
            if (idle > STALL.dividedBy(POLL)) {
                throw new KafkaException(partition + ": no answer at offset " + before);
            }
        }
        task.reply().accept(new Answer(request, records, tooMuch || beginning > request.from()));
    }

    /// The trace's bodies in a record. Those that cannot be read have been told of when they came.
    static List<Slice> find(
            ConsumerRecord<byte[], byte[]> message, ForeignRecords foreign, Request request) {
        String tenant = RecordHeaders.text(message.headers(), RecordHeaders.TENANT);
        if (!request.tenant().name().equals(tenant == null ? Tenant.DEFAULT.name() : tenant)) {
            return List.of();
        }
        try {
            var bodies = new ArrayList<Slice>(1);
            for (var chunk : SpanRecord.of(message, foreign).chunks()) {
                if (chunk.traceId().equals(request.traceId())) {
                    bodies.add(chunk.body());
                }
            }
            return bodies;
        } catch (IllegalArgumentException | MalformedSpansException | UnreadableSpansException _) {
            return List.of(); // a dead letter
        }
    }

    /// Idempotent; what was asked for and not read is asked for again by the next owner.
    @Override
    public void close() {
        closing.countDown();
        var consumer = reading;
        if (consumer != null) {
            consumer.wakeup();
        }
        try {
            if (thread.isAlive() && !thread.join(CLOSE_TIMEOUT)) {
                thread.interrupt();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
