package dev.millrace.pipeline;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.ClosedTraces;
import dev.millrace.assembly.LogReader;
import dev.millrace.assembly.PartitionAssembler;
import dev.millrace.assembly.TraceSink;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/// A partition of `spans` while this process owns it: its assembler, what to commit for it, and
/// when it needs a marker.
final class OwnedPartition implements TraceSink, AutoCloseable {

    private static final String POLICY = "keep-all";

    /// The offset at which decisions began that were made at this log time or later.
    private record DecisionFloor(long logTime, long offset) {}

    private final TopicPartition partition;
    private final int partitions;
    private final AggregatorOutput output;
    private final AggregatorMetrics metrics;
    private final PartitionAssembler assembler;
    private final long lateMillis;
    private final long emitFrom;
    private final ArrayDeque<DecisionFloor> floors = new ArrayDeque<>();
    private long committed;

    /// When the last record came, and when a marker may be sent again, by a clock that only counts
    /// time that has passed.
    private long lastRecordNanos;

    private long nextMarkerNanos;

    /// @param partitions how many `spans` has
    /// @param decisionsEnd where decisions that are yet to be made will come
    OwnedPartition(
            TopicPartition partition,
            int partitions,
            AssemblyConfig config,
            CommitMetadata from,
            long decisionsEnd,
            ClosedTraces closed,
            LogReader log,
            AggregatorOutput output,
            AggregatorMetrics metrics,
            long nowNanos) {
        this.partition = partition;
        this.partitions = partitions;
        this.output = output;
        this.metrics = metrics;
        this.lateMillis = config.lateWindow().toMillis();
        this.emitFrom = from.resumption().position();
        this.committed = emitFrom;
        this.lastRecordNanos = nowNanos;
        this.nextMarkerNanos = nowNanos;
        floors.add(new DecisionFloor(Long.MIN_VALUE, from.decisionsFrom()));
        output.knowEnd(partition, decisionsEnd);
        assembler = new PartitionAssembler(config, from.resumption(), closed, log, this);
    }

    /// @throws UnreadableSpansException when the record cannot be part of traces, nor can those
    ///   after it
    void accept(ConsumerRecord<byte[], byte[]> message, long nowNanos) {
        lastRecordNanos = nowNanos;
        nextMarkerNanos = nowNanos;
        if (message.offset() >= emitFrom) {
            noteFloor(message.timestamp());
        }
        if (RecordHeaders.has(message.headers(), RecordHeaders.MARKER)) {
            assembler.mark(message.offset(), message.timestamp());
            return;
        }
        try {
            if (message.value() == null) {
                throw new IllegalArgumentException("value: none (expected: TracesData)");
            }
            List<TraceChunk> chunks = chunks(message);
            String tenant = RecordHeaders.text(message.headers(), RecordHeaders.TENANT);
            assembler.accept(
                    message.offset(),
                    message.timestamp(),
                    tenant == null ? Tenant.DEFAULT : new Tenant(tenant),
                    atHome(message, chunks));
        } catch (IllegalArgumentException | MalformedSpansException e) {
            refuse(message, String.valueOf(e.getMessage()));
        }
    }

    private static List<TraceChunk> chunks(ConsumerRecord<byte[], byte[]> message) {
        String encoding = RecordHeaders.text(message.headers(), RecordHeaders.ENCODING);
        if (encoding != null && !encoding.equals(Encoding.OTLP_PROTO.word())) {
            throw UnreadableSpansException.encoded(message, encoding);
        }
        var keying = Keying.of(message.headers());
        var body = Slice.of(message.value());
        return switch (keying) {
            case TRACE_ID -> {
                var traceId = TraceKey.parse(message.key());
                if (traceId == null) {
                    throw new IllegalArgumentException(
                            "key: not a trace id (expected: 32 hexadecimal digits)");
                }
                // How many spans there are is found out when the trace is complete.
                yield List.of(new TraceChunk(traceId, body, 0));
            }
            case PACKED -> PackedSpans.byTrace(body);
            case ROUND_ROBIN -> throw UnreadableSpansException.keyed(message, keying);
        };
    }

    /// Forwards what a foreign writer put on the wrong partition, and returns the rest.
    private List<TraceChunk> atHome(
            ConsumerRecord<byte[], byte[]> message, List<TraceChunk> chunks) {
        List<TraceChunk> atHome = null;
        for (int i = 0; i < chunks.size(); i++) {
            var chunk = chunks.get(i);
            var id = chunk.traceId();
            int home = TraceKey.partition(id.high(), id.low(), partitions);
            if (home == partition.partition()) {
                if (atHome != null) {
                    atHome.add(chunk);
                }
                continue;
            }
            if (atHome == null) {
                atHome = new ArrayList<>(chunks.subList(0, i));
            }
            if (message.offset() >= emitFrom) {
                output.forward(message, home, chunk);
                metrics.forwarded.increment();
            }
        }
        return atHome == null ? chunks : atHome;
    }

    private void refuse(ConsumerRecord<byte[], byte[]> message, String reason) {
        assembler.mark(message.offset(), message.timestamp());
        if (message.offset() >= emitFrom) {
            output.deadLetter(
                    partition,
                    message.offset(),
                    message.key(),
                    message.value(),
                    message.headers(),
                    reason);
            metrics.deadLetters.increment();
        }
    }

    /// The consumer is at `offset`; what lies before it and was not given holds nothing for
    /// readers.
    void skipTo(long offset) {
        assembler.skipTo(offset);
    }

    @Override
    public void part(
            Tenant tenant, TraceId traceId, int fragment, int part, boolean last, Slice body) {
        output.part(partition, tenant, traceId, fragment, part, last, body);
    }

    @Override
    public void poison(Tenant tenant, TraceId traceId, long offset, Slice body, String reason) {
        output.deadLetter(
                partition,
                offset,
                TraceKey.of(traceId),
                body.toByteArray(),
                RecordHeaders.of(tenant),
                reason);
        metrics.deadLetters.increment();
    }

    @Override
    public void closed(ClosedTrace trace) {
        output.decide(
                new Decision(
                        partition.topic(),
                        partition.partition(),
                        trace,
                        Decision.Verdict.KEEP,
                        POLICY,
                        0,
                        0));
        (trace.late() ? metrics.late : metrics.traces).increment();
        metrics.spans.increment(trace.digest().spans());
        metrics.duplicates.increment(trace.digest().duplicates());
    }

    /// Remembers, a few times per late window, where decisions begin from here on.
    private void noteFloor(long logTime) {
        if (logTime - floors.getLast().logTime() >= lateMillis / 8
                || floors.getLast().logTime() == Long.MIN_VALUE) {
            floors.add(new DecisionFloor(logTime, output.knownEnd(partition)));
        }
    }

    boolean hasNews() {
        return assembler.resumption().position() != committed;
    }

    /// What to commit now.
    CommitMetadata progress() {
        var resumption = assembler.resumption();
        long needed = resumption.logTime() - lateMillis;
        var floor = floors.removeFirst();
        while (!floors.isEmpty() && floors.getFirst().logTime() <= needed) {
            floor = floors.removeFirst();
        }
        floors.addFirst(floor);
        return new CommitMetadata(resumption, floor.offset());
    }

    void committed(CommitMetadata progress) {
        committed = progress.resumption().position();
    }

    /// Whether the log would have completed a trace by now if only something were appended to it.
    ///
    /// @param caughtUp whether everything in the partition was read
    boolean needsMarker(boolean caughtUp, long nowNanos) {
        var due = assembler.nextDue();
        if (!caughtUp || due.isEmpty() || nowNanos - nextMarkerNanos < 0) {
            return false;
        }
        long likelyTime = assembler.time() + (nowNanos - lastRecordNanos) / 1_000_000;
        return likelyTime >= due.getAsLong();
    }

    /// A marker is under way; the next is not due before a second has passed.
    void markerSent(long nowNanos) {
        nextMarkerNanos = nowNanos + 1_000_000_000;
        metrics.markers.increment();
    }

    PartitionAssembler assembler() {
        return assembler;
    }

    @Override
    public void close() {
        metrics.replayed.increment((double) assembler.replayedRecords());
        assembler.close();
    }
}
