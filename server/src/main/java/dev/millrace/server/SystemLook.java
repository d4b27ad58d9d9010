package dev.millrace.server;

import dev.millrace.pipeline.Audit;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.LogLook;
import dev.millrace.pipeline.LogLook.Reading;
import dev.millrace.pipeline.SamplingLook;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.ledger.AuditReport;
import dev.millrace.pipeline.ledger.Balance;
import dev.millrace.query.system.AuditPicture;
import dev.millrace.query.system.PipelinePicture;
import dev.millrace.query.system.PipelinePicture.Figure;
import dev.millrace.query.system.PipelinePicture.GroupState;
import dev.millrace.query.system.PipelinePicture.PartitionLag;
import dev.millrace.query.system.PipelinePicture.ProcessState;
import dev.millrace.query.system.PipelinePicture.TopicState;
import dev.millrace.query.system.SamplingPicture;
import dev.millrace.query.system.SystemView;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/// Looks at the system as a whole: at Kafka for topics, groups, verdicts and the ledger, and at
/// this process and the others that are named to it for what they count.
///
/// One look at a time; those who ask meanwhile wait for it, and those who ask soon after are shown
/// the same. One audit at a time, too, and who asks meanwhile is told so.
final class SystemLook implements SystemView, AutoCloseable {

    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final int MOST_FAULTS = 50;
    private static final int MOST_OPERATIONS = 200;

    /// The log that there is in streaming mode.
    ///
    /// @param names what is in each topic, by its full name
    record Log(
            KafkaClients clients,
            TopicsConfig topics,
            IngesterConfig.Source source,
            Map<String, String> names,
            List<Reading> readings) {}

    private final @Nullable Log log;
    private final @Nullable LogLook logLook;
    private final @Nullable SamplingLook samplingLook;
    private final Supplier<List<Figure>> figures;
    private final Supplier<Map<String, String>> troubles;
    private final OtherProcesses others;
    private final Duration patience;
    private final InstantSource clock;
    private final Kept<PipelinePicture> pipeline = new Kept<>(this::lookAtPipeline);
    private final Kept<SamplingPicture> sampling = new Kept<>(this::lookAtSampling);
    private final Semaphore audits = new Semaphore(1);

    /// @param log null in direct mode
    /// @param figures what this process counts
    /// @param troubles what is wrong with its parts, by part
    /// @param others the caller's to close, after this
    /// @param patience how long an audit may take; a look may take a quarter of it
    SystemLook(
            @Nullable Log log,
            Supplier<List<Figure>> figures,
            Supplier<Map<String, String>> troubles,
            OtherProcesses others,
            Duration patience,
            InstantSource clock) {
        this.log = log;
        this.figures = figures;
        this.troubles = troubles;
        this.others = others;
        this.patience = patience;
        this.clock = clock;
        var each = patience.dividedBy(4);
        logLook =
                log == null
                        ? null
                        : new LogLook(
                                log.clients(),
                                List.copyOf(log.names().keySet()),
                                log.readings(),
                                each,
                                clock);
        samplingLook =
                log == null
                        ? null
                        : new SamplingLook(
                                log.clients(),
                                log.topics(),
                                new SamplingLook.Bounds(Duration.ofMinutes(15), 100_000, each));
    }

    /// An answer that stands for a moment.
    private static final class Kept<T> {

        private final Supplier<T> look;
        private @Nullable T last;
        private long at;

        Kept(Supplier<T> look) {
            this.look = look;
        }

        synchronized T get() {
            var kept = last;
            if (kept == null || System.nanoTime() - at > FRESH.toNanos()) {
                kept = look.get();
                last = kept;
                at = System.nanoTime();
            }
            return kept;
        }
    }

    @Override
    public PipelinePicture pipeline() {
        return pipeline.get();
    }

    private PipelinePicture lookAtPipeline() {
        var gaps = new ArrayList<String>();
        var processes = new ArrayList<ProcessState>();
        processes.add(
                new ProcessState("this process", Optional.empty(), troubles.get(), figures.get()));
        for (var process : others.ask()) {
            process.problem()
                    .ifPresent(problem ->
                            gaps.add("the figures of " + process.name() + ": " + problem));
            processes.add(process);
        }
        var topics = new ArrayList<TopicState>();
        var groups = new ArrayList<GroupState>();
        if (log != null && logLook != null) {
            try {
                var seen = logLook.look();
                seen.topics().forEach(topic -> topics.add(picture(topic, log.names())));
                seen.groups().forEach(group -> groups.add(picture(group)));
            } catch (KafkaException e) {
                gaps.add("topics and lag: Kafka does not tell: " + e.getMessage());
            }
        }
        return new PipelinePicture(
                clock.instant(),
                log == null ? "direct" : "streaming",
                processes,
                topics,
                groups,
                gaps);
    }

    private static TopicState picture(LogLook.TopicState topic, Map<String, String> names) {
        return new TopicState(
                names.getOrDefault(topic.name(), topic.name()),
                topic.name(),
                topic.partitions(),
                topic.offsets(),
                topic.perSecond());
    }

    private static GroupState picture(LogLook.GroupState group) {
        return new GroupState(
                group.reading().role(),
                group.reading().group(),
                group.reading().topic(),
                group.state(),
                group.members(),
                group.partitions().stream()
                        .map(lag -> new PartitionLag(lag.partition(), lag.records(), lag.age()))
                        .toList());
    }

    @Override
    public SamplingPicture sampling() {
        return sampling.get();
    }

    private SamplingPicture lookAtSampling() {
        if (samplingLook == null) {
            throw new StoreException(
                    Kind.NOT_SUPPORTED,
                    "sampling: mode direct stores every trace (expected: mode streaming, whose"
                            + " aggregators have policies)");
        }
        try {
            var seen = samplingLook.look(clock.instant());
            var version =
                    seen.version()
                            .orElseThrow(() ->
                                    new StoreException(
                                            Kind.NOT_SUPPORTED,
                                            "sampling: no aggregator has said by what it decides"
                                                    + " (expected: one that runs)"));
            return SamplingPictures.of(version, seen, MOST_OPERATIONS);
        } catch (KafkaException e) {
            throw new StoreException(
                    Kind.UNAVAILABLE, "sampling: Kafka does not tell: " + e.getMessage(), e);
        }
    }

    @Override
    public AuditPicture audit(Duration window) {
        if (log == null) {
            throw new StoreException(
                    Kind.NOT_SUPPORTED,
                    "audit: mode direct has no log to hold anything against (expected: mode"
                            + " streaming)");
        }
        if (!audits.tryAcquire()) {
            throw new StoreException(
                    Kind.OVER_CAPACITY, "audit: another one is at work (expected: one at a time)");
        }
        try {
            var since = clock.instant().minus(window);
            var report = Audit.run(log.clients(), log.topics(), log.source(), since, patience);
            return picture(report, since);
        } catch (KafkaException e) {
            throw new StoreException(
                    Kind.UNAVAILABLE,
                    "audit: "
                            + e.getMessage()
                            + " (expected: less to read, in a shorter window, or millrace audit,"
                            + " which takes its time)",
                    e);
        } finally {
            audits.release();
        }
    }

    private AuditPicture picture(AuditReport report, Instant since) {
        return new AuditPicture(
                since,
                clock.instant(),
                report.closes(),
                report.balances().stream().map(SystemLook::picture).toList(),
                report.faults().stream()
                        .limit(MOST_FAULTS)
                        .map(fault ->
                                new AuditPicture.HopFault(
                                        fault.hop().words(),
                                        fault.kind().name().toLowerCase(Locale.ROOT),
                                        fault.cell().tenant().name(),
                                        fault.cell().topic(),
                                        fault.cell().partition(),
                                        Instant.ofEpochSecond(fault.cell().minute() * 60),
                                        fault.copies()))
                        .toList(),
                report.faults().size());
    }

    private static AuditPicture.TenantBalance picture(Balance balance) {
        return new AuditPicture.TenantBalance(
                balance.tenant().name(),
                balance.acknowledged(),
                balance.unconfirmed(),
                balance.stored(),
                balance.sampledOut(),
                balance.duplicate(),
                balance.deadLettered(),
                balance.forwarded(),
                balance.expired(),
                balance.unread(),
                balance.open(),
                balance.waiting(),
                balance.difference());
    }

    /// What is in each topic that is looked at, by its full name.
    static Map<String, String> names(TopicsConfig topics) {
        var names = new LinkedHashMap<String, String>();
        names.put(topics.fullName(topics.spans()), "spans");
        names.put(topics.fullName(topics.tracesComplete()), "traces-complete");
        names.put(topics.fullName(topics.samplingDecisions()), "sampling-decisions");
        names.put(topics.fullName(topics.samplingControl()), "sampling-control");
        names.put(topics.fullName(topics.ledger()), "ledger");
        names.put(topics.fullName(topics.dependencies()), "dependencies");
        names.put(topics.fullName(topics.deadLetters()), "dead-letters");
        for (int i = 0; i < topics.sites().size(); i++) {
            names.put(topics.siteTopics().get(i).name(), "spans of " + topics.sites().get(i));
        }
        return names;
    }

    @Override
    public void close() {
        if (logLook != null) {
            logLook.close();
        }
    }
}
