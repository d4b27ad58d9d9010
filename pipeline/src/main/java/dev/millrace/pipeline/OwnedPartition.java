package dev.millrace.pipeline;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.ClosedTraces;
import dev.millrace.assembly.Fate;
import dev.millrace.assembly.LogReader;
import dev.millrace.assembly.PartitionAssembler;
import dev.millrace.assembly.TraceSink;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.sampling.TraceState;
import dev.millrace.sampling.tail.Judge;
import dev.millrace.sampling.tail.RootOperation;
import dev.millrace.sampling.tail.TraceFacts;
import dev.millrace.sampling.tail.Verdict;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.SpanIndex;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/// A partition of `spans` while this process owns it: its assembler, what to commit for it, and
/// when it needs a marker.
final class OwnedPartition implements TraceSink, AutoCloseable {

    /// What the marker of a version begins with; the number follows.
    private static final String VERSION_MARKER = "version=";

    /// After this a marker that was not read is taken for lost.
    private static final long ANNOUNCE_AGAIN = 5_000_000_000L;

    /// What stands as the rule of spans that came late and follow their trace.
    private static final String LATE_RULE = "late";

    /// The same of earlier spans that were read back.
    private static final String UPGRADE_RULE = "upgrade";

    /// The offset at which decisions began that were made at this log time or later.
    private record DecisionFloor(long logTime, long offset) {}

    private final TopicPartition partition;
    private final int partitions;
    private final AggregatorOutput output;
    private final AggregatorMetrics metrics;
    private final PartitionAssembler assembler;
    private final ControlLog control;
    private final Judge judge;
    private final long lateMillis;
    private final long emitFrom;
    private final SpanRecall recall;

    /// What was read back and is yet to be given out; filled by the recall's thread.
    private final Queue<SpanRecall.Answer> readBack = new ConcurrentLinkedQueue<>();

    /// Asked for while too much was waiting.
    private final ArrayDeque<SpanRecall.Request> notAskedYet = new ArrayDeque<>();

    private final ArrayDeque<DecisionFloor> floors = new ArrayDeque<>();
    private long committed;

    /// Of the trace that is being closed.
    private Verdict verdict = new Verdict(true, Verdict.NO_RULE, 0, 0);

    private Decision.Upgrade upgrade = Decision.Upgrade.NONE;

    /// The fate of the trace whose earlier spans are being given out.
    private @Nullable Fate givingBack;

    /// Whether something was given out since the last commit that no position tells of.
    private boolean gaveBack;

    private Slice newState = Slice.EMPTY;
    private long newStateThreshold = -1;

    /// The last version that was announced in this partition, and when.
    private long announced;

    private long announcedNanos;

    /// When the last record came, and when a marker may be sent again, by a clock that only counts
    /// time that has passed.
    private long lastRecordNanos;

    private long nextMarkerNanos;

    /// @param partitions how many `spans` has
    /// @param decided what is on record besides the closed traces
    OwnedPartition(
            TopicPartition partition,
            int partitions,
            AssemblyConfig config,
            CommitMetadata from,
            DecisionLog.Loaded decided,
            ClosedTraces closed,
            LogReader log,
            ControlLog control,
            SpanRecall recall,
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
        output.knowEnd(partition, decided.end());
        this.recall = recall;
        this.control = control;
        judge = new Judge(from.version() == 0 ? control.latest() : control.at(from.version()));
        assembler = new PartitionAssembler(config, from.resumption(), closed, log, this);
        decided.upgrades().forEach(this::askAgain);
    }

    private void askAgain(Decision upgrade) {
        var trace = upgrade.trace();
        var known = assembler.closedTraces().find(trace.tenant(), trace.traceId());
        if (known != null) {
            notAskedYet.add(
                    new SpanRecall.Request(
                            partition,
                            trace.tenant(),
                            trace.traceId(),
                            known.firstOffset(),
                            trace.firstOffset() - 1));
        }
    }

    /// @throws UnreadableSpansException when the record cannot be part of traces, nor can those
    ///   after it
    void accept(ConsumerRecord<byte[], byte[]> message, long nowNanos) {
        lastRecordNanos = nowNanos;
        nextMarkerNanos = nowNanos;
        if (message.offset() >= emitFrom) {
            noteFloor(message.timestamp());
        }
        String marker = RecordHeaders.text(message.headers(), RecordHeaders.MARKER);
        if (marker != null) {
            assembler.mark(message.offset(), message.timestamp());
            turnTo(message.offset(), marker);
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

    /// A version holds from its marker on. What lies below the position is decided, and the version
    /// at the position was committed with it.
    private void turnTo(long offset, String marker) {
        if (offset < emitFrom || !marker.startsWith(VERSION_MARKER)) {
            return;
        }
        long number = Long.parseLong(marker.substring(VERSION_MARKER.length()));
        // An owner that was replaced may name an older one late.
        if (number > judge.version().number()) {
            judge.turnTo(control.at(number));
            metrics.versions.increment();
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
    public void part(ClosedTrace trace, int part, Slice body) {
        output.part(partition, trace, part, body);
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
    public void begin(Tenant tenant, TraceId traceId) {
        judge.begin(traceId);
    }

    @Override
    public void observe(SpanIndex index, int from, int[] spans) {
        judge.observe(index, from, spans);
    }

    @Override
    public Fate judge(ClosedTrace trace, ClosedTraces.@Nullable Entry earlier) {
        upgrade = Decision.Upgrade.NONE;
        if (givingBack != null) {
            upgrade = Decision.Upgrade.DONE;
            verdict = follow(givingBack, UPGRADE_RULE);
            return givingBack;
        }
        if (earlier == null) {
            verdict = judge.verdict(facts(trace));
        } else if (!earlier.fate().kept() && trace.digest().errors() > 0) {
            // An error that comes late counts for the whole trace, if it does by itself.
            verdict = judge.verdict(facts(trace));
            if (verdict.kept()) {
                upgrade = Decision.Upgrade.ASKED;
                notAskedYet.add(
                        new SpanRecall.Request(
                                partition,
                                trace.tenant(),
                                trace.traceId(),
                                earlier.firstOffset(),
                                earlier.lastOffset()));
            } else {
                verdict = follow(earlier.fate(), LATE_RULE);
            }
        } else {
            verdict = follow(earlier.fate(), LATE_RULE);
        }
        return new Fate(verdict.kept(), verdict.threshold());
    }

    private static Verdict follow(Fate fate, String rule) {
        return new Verdict(fate.kept(), rule, fate.threshold(), fate.threshold());
    }

    private static TraceFacts facts(ClosedTrace trace) {
        var digest = trace.digest();
        return new TraceFacts(
                new RootOperation(trace.tenant(), digest.rootService(), digest.rootOperation()),
                digest.spans(),
                digest.errors(),
                digest.durationNanos());
    }

    /// Asks for what is to be read back, and gives out what was.
    void upgrade() {
        while (!notAskedYet.isEmpty() && recall.ask(notAskedYet.getFirst(), readBack::add)) {
            notAskedYet.removeFirst();
        }
        for (var answer = readBack.poll(); answer != null; answer = readBack.poll()) {
            var request = answer.request();
            var known = assembler.closedTraces().find(request.tenant(), request.traceId());
            boolean missed = answer.gone() || answer.records().isEmpty() || known == null;
            (missed ? metrics.upgradesMissed : metrics.upgrades).increment();
            if (known != null && !answer.records().isEmpty()) {
                givingBack = known.fate();
                boolean _ =
                        assembler.giveBack(
                                request.tenant(), request.traceId(), answer.records(), givingBack);
                givingBack = null;
                gaveBack = true;
            }
        }
    }

    @Override
    public Slice traceState(Slice before, Fate fate) {
        if (judge.version().policy().keepsEverything()) {
            return before;
        }
        if (before.length() > 0) {
            return TraceState.kept(before, fate.threshold());
        }
        // Most spans have none, and then all of a trace get the same.
        if (newStateThreshold != fate.threshold()) {
            newState = TraceState.kept(before, fate.threshold());
            newStateThreshold = fate.threshold();
        }
        return newState;
    }

    @Override
    public void closed(ClosedTrace trace, Fate fate) {
        output.decide(
                new Decision(
                        partition.topic(),
                        partition.partition(),
                        trace,
                        fate.kept() ? Decision.Verdict.KEEP : Decision.Verdict.DROP,
                        verdict.rule(),
                        fate.threshold(),
                        verdict.ruleThreshold(),
                        judge.version().number(),
                        upgrade,
                        new Decision.Arrival(judge.leastThreshold(), judge.mayBeIncomplete())));
        if (upgrade != Decision.Upgrade.DONE) { // what is given back was counted before
            (trace.late() ? metrics.late : metrics.traces).increment();
            metrics.spans.increment(trace.digest().spans());
            metrics.duplicates.increment(trace.digest().duplicates());
        }
        metrics.decided(verdict.rule(), fate.kept(), trace.digest().spans());
    }

    /// Remembers, a few times per late window, where decisions begin from here on.
    private void noteFloor(long logTime) {
        if (logTime - floors.getLast().logTime() >= lateMillis / 8
                || floors.getLast().logTime() == Long.MIN_VALUE) {
            floors.add(new DecisionFloor(logTime, output.knownEnd(partition)));
        }
    }

    boolean hasNews() {
        return gaveBack || assembler.resumption().position() != committed;
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
        return new CommitMetadata(resumption, floor.offset(), judge.version().number());
    }

    void committed(CommitMetadata progress) {
        committed = progress.resumption().position();
        gaveBack = false;
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

    /// The number of the version to announce in this partition; 0 for none.
    ///
    /// @param latest the newest version there is
    long versionToAnnounce(long latest, long nowNanos) {
        if (latest <= judge.version().number()
                || (announced == latest && nowNanos - announcedNanos < ANNOUNCE_AGAIN)) {
            return 0;
        }
        announced = latest;
        announcedNanos = nowNanos;
        return latest;
    }

    static byte[] versionMarker(long number) {
        return RecordHeaders.value(VERSION_MARKER + number);
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
