package dev.millrace.pipeline;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.ClosedTraces;
import dev.millrace.assembly.Fate;
import dev.millrace.assembly.LogMinute;
import dev.millrace.assembly.LogReader;
import dev.millrace.assembly.PartitionAssembler;
import dev.millrace.assembly.Refusal;
import dev.millrace.assembly.TraceSink;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.ledger.Account;
import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.sampling.TraceState;
import dev.millrace.sampling.tail.Judge;
import dev.millrace.sampling.tail.RootOperation;
import dev.millrace.sampling.tail.TraceFacts;
import dev.millrace.sampling.tail.Verdict;
import dev.millrace.sampling.tail.Version;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.SpanIndex;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A partition of `spans`, or of a site's mirrored topic, while this process owns it: its
/// assembler, what to commit for it, and when it needs a marker.
final class OwnedPartition implements TraceSink, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OwnedPartition.class);

    /// What stands as the rule of spans that came late and follow their trace.
    private static final String LATE_RULE = "late";

    /// The same of earlier spans that were read back.
    private static final String UPGRADE_RULE = "upgrade";

    /// The same of what could not be enriched.
    private static final String ENRICHMENT_RULE = "enrichment";

    private final TopicPartition partition;
    private final int partitions;
    private final SpansDialect dialect;
    private final boolean mirrored;
    private final ForeignRecords foreign;
    private final AggregatorOutput output;
    private final AggregatorMetrics metrics;
    private final PartitionAssembler assembler;
    private final Versions control;
    private final Judge judge;
    private final long emitFrom;
    private final EarlierSpans recall;
    private final FiguresOutput figures;
    private final OtherSites sites;

    /// What was read back and is yet to be given out; filled by the recall's thread.
    private final Queue<SpanRecall.Answer> readBack = new ConcurrentLinkedQueue<>();

    /// Asked for while too much was waiting.
    private final ArrayDeque<SpanRecall.Request> notAskedYet = new ArrayDeque<>();

    private final DecisionFloors floors;
    private final MarkerSchedule markers;
    private long committed;

    /// Of the trace that is being closed.
    private Verdict verdict = new Verdict(true, Verdict.NO_RULE, 0, 0);

    private Decision.Upgrade upgrade = Decision.Upgrade.NONE;

    /// Where it begins if it is brought back.
    private long droppedFrom;

    /// What was decided about a trace when it was asked for its earlier spans, while these are
    /// being given out, and the version that held then.
    private @Nullable Decision givingBack;

    private @Nullable Version versionAsked;

    /// What was asked for and is not here yet, with the offset from which on decisions tell of it.
    private final Map<SpanRecall.Request, Long> awaited = new LinkedHashMap<>();

    /// Whether something was given out since the last commit; the position need not tell of it.
    private boolean gaveOut;

    private final Runnable commitIfDue;

    private final PartitionLedger ledger;

    private Slice newState = Slice.EMPTY;
    private long newStateThreshold = -1;

    /// @param topics says how many partitions `spans` has, and what others write into it
    /// @param beginning of what is left of the partition
    /// @param decided what is on record besides the closed traces
    /// @param sites where the same partition of other sites is found; the caller says when this one
    ///   arrives there
    /// @param commitIfDue is run wherever what was given out can be committed
    OwnedPartition(
            TopicPartition partition,
            TopicsConfig topics,
            AssemblyConfig config,
            CommitMetadata from,
            long beginning,
            DecisionLog.Loaded decided,
            ClosedTraces closed,
            LogReader log,
            Versions control,
            EarlierSpans recall,
            FiguresOutput figures,
            AggregatorOutput output,
            AggregatorMetrics metrics,
            OtherSites sites,
            Runnable commitIfDue,
            long nowNanos) {
        this.partition = partition;
        this.partitions = topics.spans().partitions();
        this.dialect = topics.dialect();
        this.mirrored = topics.isMirrored(partition.topic());
        this.foreign = new ForeignRecords(dialect.unnamed());
        this.output = output;
        this.metrics = metrics;
        this.sites = sites;
        this.commitIfDue = commitIfDue;
        this.emitFrom = from.resumption().position();
        this.committed = emitFrom;
        this.markers = new MarkerSchedule(nowNanos);
        this.ledger =
                new PartitionLedger(
                        partition, topics.ledgerSource(partition.topic()), from, beginning);
        this.floors = new DecisionFloors(config.lateWindow().toMillis(), from.decisionsFrom());
        output.knowEnd(partition, decided.end());
        this.recall = recall;
        this.figures = figures;
        this.control = control;
        judge = new Judge(control.at(from.version()));
        assembler = new PartitionAssembler(config, from.resumption(), closed, log, this);
        decided.upgrades().forEach(this::ask);
    }

    private void ask(SpanRecall.Request request) {
        notAskedYet.add(request);
        awaited.put(request, floors.oldest());
    }

    /// @throws UnreadableSpansException when the record cannot be part of traces, nor can those
    ///   after it
    void accept(ConsumerRecord<byte[], byte[]> message, long nowNanos) {
        markers.recordRead(nowNanos);
        if (message.offset() >= emitFrom && floors.wants(assembler.time())) {
            floors.add(assembler.time(), output.knownEnd(partition));
        }
        String marker = RecordHeaders.text(message.headers(), RecordHeaders.MARKER);
        if (marker != null) {
            assembler.mark(message.offset(), message.timestamp());
            turnTo(message.offset(), marker);
            return;
        }
        try {
            var record = SpanRecord.of(message, foreign);
            List<TraceChunk> chunks = record.chunks();
            var tenant = RecordHeaders.tenant(message.headers());
            var atHome = atHome(chunks);
            // What the record itself brings about comes last: traces that it completes can be
            // committed before it is.
            assembler.accept(message.offset(), message.timestamp(), tenant, atHome);
            if (atHome.size() < chunks.size() && message.offset() >= emitFrom) {
                forward(message, tenant, chunks);
            }
            if (record.rejected() > 0 && message.offset() >= emitFrom) {
                putAside(message, tenant, record);
            }
        } catch (IllegalArgumentException | MalformedSpansException e) {
            refuse(message, String.valueOf(e.getMessage()));
        }
    }

    /// A version holds from its marker on. What lies below the position is decided, and the version
    /// at the position was committed with it.
    private void turnTo(long offset, String marker) {
        if (offset < emitFrom || !MarkerSchedule.namesVersion(marker)) {
            return;
        }
        long number = versionNamed(offset, marker);
        // An owner that was replaced may name an older one late.
        if (number <= judge.version().number()) {
            return;
        }
        var version = control.at(number);
        if (version.number() < number) {
            refuseMarker(offset, marker, "a version that was published");
            return;
        }
        judge.turnTo(version);
        metrics.versions.increment();
    }

    private long versionNamed(long offset, String marker) {
        try {
            return MarkerSchedule.version(marker);
        } catch (NumberFormatException _) {
            refuseMarker(offset, marker, "a number");
            return 0;
        }
    }

    /// Whoever can write to the log can append what no owner would. It moves time all the same.
    private void refuseMarker(long offset, String marker, String expected) {
        metrics.markersRefused.increment();
        LOG.atError()
                .addKeyValue("partition", partition)
                .addKeyValue("offset", offset)
                .addKeyValue("marker", marker)
                .log("A marker names no version and is passed over (expected: {})", expected);
    }

    private int home(TraceChunk chunk) {
        return dialect.partition(chunk.traceId(), partitions);
    }

    /// Those that a foreign writer has not put on the wrong partition.
    private List<TraceChunk> atHome(List<TraceChunk> chunks) {
        List<TraceChunk> atHome = null;
        for (int i = 0; i < chunks.size(); i++) {
            var chunk = chunks.get(i);
            if (home(chunk) != partition.partition()) {
                atHome = atHome == null ? new ArrayList<>(chunks.subList(0, i)) : atHome;
            } else if (atHome != null) {
                atHome.add(chunk);
            }
        }
        return atHome == null ? chunks : atHome;
    }

    /// Moves the others there.
    private void forward(
            ConsumerRecord<byte[], byte[]> message, Tenant tenant, List<TraceChunk> chunks) {
        for (var chunk : chunks) {
            int home = home(chunk);
            if (home != partition.partition()) {
                output.forward(message, home, chunk);
                post(tenant, message, Account.FORWARDED, LogCopies.of(chunk));
                metrics.forwarded.increment();
            }
        }
    }

    /// A record of others of which some spans cannot be kept.
    private void putAside(
            ConsumerRecord<byte[], byte[]> message, Tenant tenant, SpanRecord record) {
        output.deadLetter(
                partition,
                message.offset(),
                message.key(),
                message.value(),
                message.headers(),
                record.rejection());
        post(tenant, message, Account.DEAD_LETTERED, record.rejected());
        metrics.deadLetters.increment();
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
            post(LogCopies.tenant(message), message, Account.DEAD_LETTERED, LogCopies.UNREADABLE);
            metrics.deadLetters.increment();
        }
    }

    private void post(
            Tenant tenant, ConsumerRecord<byte[], byte[]> message, Account account, int copies) {
        // What it moves the log's time to is known when it has been taken.
        long minute = Math.floorDiv(Math.max(assembler.time(), message.timestamp()), 60_000);
        ledger.post(tenant, minute, account, copies);
    }

    /// The consumer is at `offset`; what lies before it and was not given holds nothing for
    /// readers.
    void skipTo(long offset) {
        assembler.skipTo(offset);
    }

    @Override
    public void part(ClosedTrace trace, int part, Slice body, List<LogMinute> minutes) {
        output.part(partition, trace, part, body, ledger.part(trace, minutes));
        gaveOut = true;
    }

    @Override
    public void poison(
            Tenant tenant, TraceId traceId, long offset, long minute, Slice body, String reason) {
        if (givingBack != null) {
            return; // It was put aside when the trace was closed.
        }
        ledger.post(tenant, minute, Account.DEAD_LETTERED, LogCopies.UNREADABLE);
        output.deadLetter(
                partition,
                offset,
                TraceKey.of(traceId),
                body.toByteArray(),
                RecordHeaders.of(tenant),
                reason);
        gaveOut = true;
        metrics.deadLetters.increment();
    }

    @Override
    public void begin(Tenant tenant, TraceId traceId) {
        judge.begin(traceId);
        // What is given back was counted when it was dropped.
        figures.begin(tenant, traceId, givingBack == null);
    }

    @Override
    public void observe(SpanIndex index, int from, int[] spans) {
        judge.observe(index, from, spans);
        figures.observe(index, spans);
    }

    @Override
    public Fate judge(ClosedTrace trace, ClosedTraces.@Nullable Entry earlier) {
        upgrade = Decision.Upgrade.NONE;
        if (givingBack != null) {
            upgrade = Decision.Upgrade.DONE;
            verdict = follow(givingBack.fate(), UPGRADE_RULE);
            return givingBack.fate();
        }
        if (earlier == null) {
            verdict = orAsElsewhere(trace, judge.verdict(facts(trace)));
        } else if (!earlier.fate().kept() && trace.digest().errors() > 0) {
            // An error that comes late counts for the whole trace, if it does by itself.
            verdict = judge.verdict(facts(trace));
            if (verdict.kept()) {
                upgrade = Decision.Upgrade.ASKED;
                droppedFrom = earlier.firstOffset();
            } else {
                verdict = follow(earlier.fate(), LATE_RULE);
            }
        } else {
            verdict = follow(earlier.fate(), LATE_RULE);
        }
        return new Fate(verdict.kept(), verdict.threshold());
    }

    /// By itself first: what a rule keeps for certain stands for itself alone, whatever chance had
    /// to do with the part at another site.
    private Verdict orAsElsewhere(ClosedTrace trace, Verdict alone) {
        if (alone.kept()) {
            return alone;
        }
        var kept = sites.kept(this, trace.tenant(), trace.traceId());
        if (kept == null && assembler.hasBegun(trace.traceId())) {
            // An owner before knew of another part, and parts of this one are stored since.
            kept = Fate.KEPT;
        }
        return kept == null ? alone : follow(kept, OtherSites.RULE);
    }

    /// What became of a trace that late spans would follow; null where there is none.
    @Nullable Fate onRecord(Tenant tenant, TraceId traceId) {
        var entry = assembler.onRecord(tenant, traceId);
        return entry == null ? null : entry.fate();
    }

    /// Keeps a trace, if it was dropped here, since another site keeps its part of it. Its spans
    /// are read back as after an error that comes late, and no later crash loses that.
    void bringBack(Tenant tenant, TraceId traceId, Fate fate) {
        var dropped = assembler.onRecord(tenant, traceId);
        if (dropped == null
                || dropped.fate().kept()
                || dropped.fate().refused()
                || assembler.hasBegun(traceId)) {
            return;
        }
        var turned = assembler.bringBack(tenant, traceId, dropped, fate);
        var decision =
                new Decision(
                        partition.topic(),
                        partition.partition(),
                        turned,
                        Decision.Verdict.KEEP,
                        OtherSites.RULE,
                        fate.threshold(),
                        fate.threshold(),
                        judge.version().number(),
                        ledger.next(),
                        Decision.Upgrade.ASKED,
                        new Decision.Arrival(0, false));
        output.decide(decision);
        ask(new SpanRecall.Request(partition, decision, dropped.firstOffset()));
        gaveOut = true;
    }

    /// What holds for the trace that is being closed or given back, whenever that comes.
    private Version version() {
        return versionAsked == null ? judge.version() : versionAsked;
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

    /// Asks for what is to be read back, and gives out what was; not before all is read again that
    /// was read before, for until then a commit of other partitions would take what is given out
    /// along, but not its entry in the ledger.
    void upgrade() {
        if ((notAskedYet.isEmpty() && readBack.isEmpty()) || isReadingAgain()) {
            return;
        }
        while (!notAskedYet.isEmpty() && recall.ask(notAskedYet.getFirst(), readBack::add)) {
            notAskedYet.removeFirst();
        }
        for (var answer = readBack.poll(); answer != null; answer = readBack.poll()) {
            boolean missed = answer.gone() || answer.records().isEmpty();
            (missed ? metrics.upgradesMissed : metrics.upgrades).increment();
            awaited.remove(answer.request());
            if (!answer.records().isEmpty()) {
                var asked = answer.request().asked();
                givingBack = asked;
                versionAsked = control.at(asked.version());
                assembler.giveBack(asked.trace(), answer.records());
                givingBack = null;
                versionAsked = null;
            }
        }
    }

    @Override
    public void refused(ClosedTrace trace, Refusal refusal) {
        verdict = new Verdict(false, ENRICHMENT_RULE, 0, 0);
        upgrade = givingBack == null ? Decision.Upgrade.NONE : Decision.Upgrade.DONE;
        metrics.enrichment.refused(trace, refusal);
    }

    @Override
    public void putAside(ClosedTrace trace, long offset, Slice body, Refusal refusal) {
        output.deadLetter(
                partition,
                offset,
                TraceKey.of(trace.traceId()),
                body.toByteArray(),
                RecordHeaders.of(trace.tenant()),
                refusal.toString());
        metrics.deadLetters.increment();
    }

    @Override
    public void partPutAside(
            ClosedTrace trace, Slice body, List<LogMinute> minutes, Refusal refusal) {
        ledger.partPutAside(trace, minutes);
        metrics.enrichment.partRefused(trace, minutes, refusal);
        putAside(trace, trace.firstOffset(), body, refusal);
        gaveOut = true;
    }

    @Override
    public Slice traceState(Slice before, Fate fate) {
        // Late spans follow a chance that was taken under an earlier policy.
        if (fate.threshold() == 0 && version().policy().keepsEverything()) {
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
    public void committable() {
        commitIfDue.run();
    }

    @Override
    public void closed(ClosedTrace trace, Fate fate) {
        gaveOut = true;
        figures.end(fate.kept());
        var decision =
                new Decision(
                        partition.topic(),
                        partition.partition(),
                        trace,
                        Decision.Verdict.of(fate),
                        verdict.rule(),
                        verdict.threshold(),
                        verdict.ruleThreshold(),
                        version().number(),
                        ledger.next(),
                        upgrade,
                        new Decision.Arrival(judge.leastThreshold(), judge.mayBeIncomplete()));
        output.decide(decision);
        if (upgrade == Decision.Upgrade.DONE) {
            ledger.broughtBack(trace, fate, UPGRADE_RULE);
        } else {
            ledger.closed(trace, fate, verdict.rule());
        }
        if (upgrade == Decision.Upgrade.ASKED) {
            ask(new SpanRecall.Request(partition, decision, droppedFrom));
        }
        if (upgrade != Decision.Upgrade.DONE) { // what is given back was counted before
            (trace.late() ? metrics.late : metrics.traces).increment();
            metrics.spans.increment(trace.digest().spans());
            metrics.duplicates.increment(trace.digest().duplicates());
        }
        if (!fate.refused()) {
            metrics.decided(verdict.rule(), fate.kept(), trace.digest().spans());
        }
        boolean isNews = upgrade != Decision.Upgrade.DONE && !verdict.rule().equals(LATE_RULE);
        if (fate.kept() && isNews) {
            sites.keep(this, trace.tenant(), trace.traceId(), fate);
        }
    }

    /// Whether there is something to commit. What is only read again is committed already: until
    /// that is over, the position would step back, and what was decided beyond it be forgotten.
    boolean hasNews() {
        return !isReadingAgain() && (gaveOut || assembler.resumption().position() != committed);
    }

    /// Whether it is still behind what the owners before it have committed.
    boolean isReadingAgain() {
        return assembler.resumption().position() < emitFrom;
    }

    /// What to commit now.
    CommitMetadata progress() {
        var resumption = assembler.resumption();
        long decisionsFrom = floors.forgetBefore(resumption.logTime());
        for (long from : awaited.values()) {
            decisionsFrom = Math.min(decisionsFrom, from);
        }
        return new CommitMetadata(
                resumption, decisionsFrom, judge.version().number(), ledger.next());
    }

    /// What became of spans since the last commit, to be committed with `progress`.
    LedgerEntry account(CommitMetadata progress) {
        return ledger.entry(progress);
    }

    /// Writes the figures that belong to this commit.
    void writeFigures(CommitMetadata progress) {
        figures.write(partition, progress.entry(), assembler.time());
    }

    void committed(CommitMetadata progress) {
        ledger.committed(progress);
        figures.committed();
        committed = progress.resumption().position();
        gaveOut = false;
    }

    /// Whether the log would have completed a trace by now if only something were appended to it.
    /// Never where time is a site's: how late it is there, only the site's own markers tell.
    ///
    /// @param caughtUp whether everything in the partition was read
    boolean needsMarker(boolean caughtUp, long nowNanos) {
        return caughtUp
                && !mirrored
                && markers.isDue(assembler.time(), assembler.nextDue(), nowNanos);
    }

    /// The number of the version to announce in this partition; 0 for none.
    ///
    /// @param latest the newest version there is
    long versionToAnnounce(long latest, long nowNanos) {
        // Without a time of the site's there is none that a marker could leave as it is.
        if (mirrored && !hasTime()) {
            return 0;
        }
        return markers.versionToAnnounce(judge.version().number(), latest, nowNanos);
    }

    private boolean hasTime() {
        return assembler.time() > 0;
    }

    /// The time to stamp a marker with; null where the broker's is right. Where time is a site's, a
    /// marker must not move it.
    @Nullable Long markerTime() {
        return mirrored ? assembler.time() : null;
    }

    /// A marker is under way.
    void markerSent(long nowNanos) {
        markers.sent(nowNanos);
        metrics.markers.increment();
    }

    TopicPartition partition() {
        return partition;
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
