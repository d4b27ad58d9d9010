package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.Truth;
import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.Audit;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.pipeline.ledger.Balance;
import dev.millrace.verification.MillraceProcess.Program;
import dev.millrace.verification.ScalingReport.Moment;
import dev.millrace.verification.ScalingReport.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;

/// Aggregators and ingesters whose number follows their lag, through a burst and back.
///
/// Broker, collector with query, every aggregator and every ingester are processes of their own. An
/// [Autoscaler] for each role reads the lag from the metrics of the role's first process, as often
/// as the rule says, and has processes started, or stopped by SIGTERM.
///
/// What one process can do is bounded by the broker, which lets it read so many times what comes
/// without the burst, and no more. So a machine of two cores needs more processes where otherwise a
/// machine of many would.
///
/// The load sends nothing twice by itself, so that a span in two documents is a fault.
final class ScalingRun implements AutoCloseable {

    /// How many times the usual traffic the burst comes to, the usual traffic included.
    private static final int BURST = 10;

    /// How many times the usual traffic one process can read.
    private static final double CAPACITY = 3;

    private static final Duration WARM_UP = Duration.ofSeconds(30);
    private static final Duration CALM = Duration.ofSeconds(20);
    private static final Duration ROW_EVERY = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration START_PATIENCE = Duration.ofMinutes(3);
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);
    private static final long ANSWER_SECONDS = 15;

    private final StoreServer server;
    private final Program program;
    private final Path directory;
    private final Duration burst;
    private final long rate;
    private final long seed;
    private final MillraceProcess broker;
    private final MillraceProcess front;
    private final Map<String, String> settings;
    private final List<Scaled> scaled;
    private final List<Moment> moments = new ArrayList<>();

    /// A role and what is done about its lag.
    private final class Scaled implements AutoCloseable {
        private final String name;
        private final ScalingRule rule;
        private final Autoscaler autoscaler;
        private final Fleet fleet;
        private long nextLook = System.nanoTime();
        private long exported;
        private int mostRunning;

        private Scaled(String name, ScalingRule rule) {
            this.name = name;
            this.rule = rule;
            this.autoscaler = new Autoscaler(rule);
            this.fleet = new Fleet(name, number -> member(name, number));
        }

        private void look() throws InterruptedException {
            long now = System.nanoTime();
            mostRunning = Math.max(mostRunning, fleet.running());
            if (now - nextLook < 0) {
                return;
            }
            nextLook = now + rule.interval().toNanos();
            try {
                exported =
                        (long)
                                fleet.metric(
                                        "millrace_consumer_lag", "group=\"" + rule.group() + "\"");
            } catch (IOException _) {
                // As an autoscaler does: without a figure nothing changes.
                return;
            }
            fleet.scaleTo(autoscaler.next(now, exported, fleet.wanted()));
        }

        private boolean isAtLeast() {
            return fleet.wanted() == rule.least() && fleet.running() == rule.least();
        }

        @Override
        public void close() {
            fleet.close();
        }
    }

    /// @param directory an empty one
    /// @param server where Millrace stores; stays the caller's to close
    /// @param aggregators how many of them there are to be
    /// @param ingesters how many of them there are to be
    /// @param rate of the usual traffic, spans per second
    /// @param burst how long much more comes
    /// @param seed of the load
    ScalingRun(
            Path directory,
            Program program,
            StoreServer server,
            ScalingRule aggregators,
            ScalingRule ingesters,
            long rate,
            Duration burst,
            long seed) {
        this.directory = directory;
        this.program = program;
        this.server = server;
        this.rate = rate;
        this.burst = burst;
        this.seed = seed;
        settings = new HashMap<>(server.settings());
        settings.put("topics.spans.partitions", Integer.toString(aggregators.most()));
        settings.put("topics.traces-complete.partitions", Integer.toString(ingesters.most()));
        settings.put("aggregator.quiet-period", "2s");
        settings.put("aggregator.max-age", "20s");
        settings.put("aggregator.late-window", "2m");
        // Many small writes, each made searchable at once, would be all that the store does.
        settings.put("ingester.batch-delay", "1s");
        settings.put("storage.elasticsearch.refresh", "wait");
        settings.put("log.level", "warn");
        broker = process("broker", Map.of(), "broker");
        settings.put("broker.port", broker.setting("broker.port"));
        front = process("front", Map.of(), "up", "--roles", "collector,query");
        scaled = List.of(new Scaled("aggregator", aggregators), new Scaled("ingester", ingesters));
    }

    private MillraceProcess process(String name, Map<String, String> more, String... command) {
        var all = new HashMap<>(settings);
        all.putAll(more);
        return new MillraceProcess(name, directory.resolve(name), program, List.of(command), all);
    }

    /// Reads in small portions, or the broker's quota would come in jolts.
    private MillraceProcess member(String role, int number) {
        return process(
                clientId(role, number),
                Map.of(
                        "kafka.properties.client.id",
                        clientId(role, number),
                        "kafka.properties.max.partition.fetch.bytes",
                        "16384"),
                role);
    }

    private static String clientId(String role, int number) {
        return role + "-" + number;
    }

    ScalingReport run() throws IOException, InterruptedException {
        broker.start();
        front.start();
        for (var role : scaled) {
            role.fleet.scaleTo(role.rule.least());
        }
        await(() -> scaled.stream().allMatch(Scaled::isAtLeast), START_PATIENCE);
        try (var steady = new LoadLane(load("steady", rate, Duration.ZERO, seed));
                var more = new LoadLane(load("burst", rate * (BURST - 1), burst, seed + 1));
                var aggregators = watch(scaled.getFirst());
                var ingesters = watch(scaled.getLast())) {
            var lanes = List.of(steady, more);
            var watches = List.of(aggregators, ingesters);
            steady.start();
            double[] capacities = bound();
            long began = System.nanoTime();
            control(began, CALM, lanes, watches, () -> false);
            long burstFrom = System.nanoTime();
            more.start();
            control(began, burst.plus(CALM), lanes, watches, more::hasEnded);
            long burstTo = System.nanoTime();
            control(
                    began,
                    PATIENCE,
                    lanes,
                    watches,
                    () -> scaled.stream().allMatch(Scaled::isAtLeast));
            control(began, CALM, lanes, watches, () -> false);
            var reports = List.of(steady.end(START_PATIENCE), more.end(START_PATIENCE));
            control(
                    began,
                    PATIENCE,
                    lanes,
                    watches,
                    () ->
                            watches.stream()
                                            .allMatch(
                                                    watch -> watch.history().last().orElse(1) == 0)
                                    && scaled.stream().allMatch(role -> role.exported == 0));
            String audit = awaitBooks();
            var roles = new ArrayList<Role>();
            for (int i = 0; i < scaled.size(); i++) {
                roles.add(outcome(scaled.get(i), watches.get(i).history(), capacities[i], began));
            }
            return report(
                    Duration.ofNanos(burstFrom - began),
                    Duration.ofNanos(burstTo - began),
                    reports,
                    roles,
                    audit);
        }
    }

    private LoadConfig load(String name, long spansPerSecond, Duration duration, long laneSeed) {
        return LoadConfig.builder(front.otlpGrpc())
                .seed(laneSeed)
                .spansPerSecond(spansPerSecond)
                .duration(duration)
                .concurrency(8)
                .requestTimeout(Duration.ofSeconds(20))
                .late(0, Duration.ZERO)
                .duplicates(0)
                .giants(0, 1)
                .truthFile(truthFile(name))
                .build();
    }

    private Path truthFile(String lane) {
        return directory.resolve("truth-" + lane);
    }

    private LagWatch watch(Scaled role) {
        return LagWatch.started(broker.bootstrapServers(), role.rule.group(), role.rule.topic());
    }

    /// Measures what each topic grows by without the burst, and lets each process read so many
    /// times as much.
    ///
    /// @return bytes a second for the roles in their order
    private double[] bound() throws InterruptedException {
        LockSupport.parkNanos(WARM_UP.toNanos());
        var capacities = new double[scaled.size()];
        long[] before = sizes();
        long from = System.nanoTime();
        LockSupport.parkNanos(CALM.toNanos());
        long[] after = sizes();
        double seconds = (System.nanoTime() - from) / 1e9;
        for (int i = 0; i < capacities.length; i++) {
            var role = scaled.get(i);
            // Kafka takes no fractions.
            capacities[i] = Math.rint(CAPACITY * (after[i] - before[i]) / seconds);
            for (int number = 0; number < role.rule.most(); number++) {
                new Quota(
                                broker.bootstrapServers(),
                                clientId(role.name, number),
                                Quota.Direction.READS)
                        .limit(capacities[i]);
            }
        }
        return capacities;
    }

    /// Bytes of the topic that each role reads.
    private long[] sizes() throws InterruptedException {
        try (var admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            int id =
                    admin.describeCluster()
                            .nodes()
                            .get(ANSWER_SECONDS, TimeUnit.SECONDS)
                            .iterator()
                            .next()
                            .id();
            var folders =
                    admin.describeLogDirs(List.of(id))
                            .allDescriptions()
                            .get(ANSWER_SECONDS, TimeUnit.SECONDS)
                            .getOrDefault(id, Map.of())
                            .values();
            return scaled.stream()
                    .mapToLong(role ->
                            folders.stream()
                                    .flatMap(folder -> folder.replicaInfos().entrySet().stream())
                                    .filter(replica ->
                                            replica.getKey().topic().equals(role.rule.topic()))
                                    .mapToLong(replica -> replica.getValue().size())
                                    .sum())
                    .toArray();
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("sizes of topics not known", e);
        }
    }

    /// Lets the autoscalers work and notes what they see, until something is so or the time over.
    private void control(
            long began,
            Duration patience,
            List<LoadLane> lanes,
            List<LagWatch> watches,
            BooleanSupplier done)
            throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        long rowAt = System.nanoTime() + ROW_EVERY.toNanos();
        while (System.nanoTime() - deadline < 0 && !done.getAsBoolean()) {
            for (var role : scaled) {
                role.look();
            }
            long now = System.nanoTime();
            if (now - rowAt >= 0) {
                moments.add(moment(began, now, lanes, watches));
                System.out.println(moments.getLast());
                rowAt = now + ROW_EVERY.toNanos();
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
    }

    private Moment moment(long began, long now, List<LoadLane> lanes, List<LagWatch> watches) {
        long from = now - ROW_EVERY.toNanos();
        double spans =
                lanes.stream().mapToDouble(lane -> lane.acknowledgedBetween(from, now)).sum();
        var states = new ArrayList<Moment.State>();
        for (int i = 0; i < scaled.size(); i++) {
            var fleet = scaled.get(i).fleet;
            states.add(
                    new Moment.State(
                            watches.get(i).history().last().orElse(0),
                            fleet.wanted(),
                            fleet.running()));
        }
        return new Moment(Duration.ofNanos(now - began), spans / ROW_EVERY.toSeconds(), states);
    }

    private static Role outcome(Scaled role, LagHistory lag, double capacity, long began) {
        return new Role(
                role.name,
                role.rule,
                capacity,
                role.mostRunning,
                role.fleet.started(),
                role.fleet.stopped(),
                lag.mostSince(began),
                lag.last().orElse(-1),
                role.exported,
                role.fleet.running());
    }

    private ScalingReport report(
            Duration burstFrom,
            Duration burstTo,
            List<LoadReport> loads,
            List<Role> roles,
            String audit)
            throws IOException {
        var held = server.spans();
        var traces = new HashSet<TraceId>();
        var comparisons = new ArrayList<Comparison>();
        long acknowledged = 0;
        for (var lane : List.of("steady", "burst")) {
            var truth = Truth.read(truthFile(lane));
            acknowledged += truth.acknowledgedSpans();
            comparisons.add(truth.compare(traceId -> StoreServer.trace(traceId, held)));
            traces.addAll(truth.traceIds());
        }
        return new ScalingReport(
                server.name(),
                rate,
                BURST,
                CAPACITY,
                burstFrom,
                burstTo,
                moments,
                loads,
                roles,
                acknowledged,
                documents(held),
                comparisons,
                held.keySet().stream().filter(traceId -> !traces.contains(traceId)).count(),
                new TraceLog(broker.bootstrapServers()).count("dead-letters"),
                audit);
    }

    private static long documents(Map<TraceId, List<Slice>> held) {
        return held.values().stream().mapToLong(List::size).sum();
    }

    /// Waits until every span has its fate, or patience is at its end.
    ///
    /// @return what is wrong; empty for nothing
    private String awaitBooks() {
        var clients = new KafkaClients(KafkaConfig.embedded(broker.bootstrapServers()));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var books = Audit.run(clients, topics(), IngesterConfig.Source.TRACES, Instant.EPOCH);
            long pending = books.balances().stream().mapToLong(Balance::pending).sum();
            if (books.closes() && pending == 0) {
                return "";
            }
            if (System.nanoTime() - deadline > 0) {
                return books.text();
            }
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
        }
    }

    private TopicsConfig topics() {
        var usual = TopicsConfig.embedded();
        return new TopicsConfig(
                usual.prefix(),
                sized(usual.spans(), scaled.getFirst().rule.most()),
                sized(usual.tracesComplete(), scaled.getLast().rule.most()),
                usual.samplingDecisions(),
                usual.samplingControl(),
                usual.ledger(),
                usual.dependencies(),
                usual.deadLetters());
    }

    private static Topic sized(Topic usual, int partitions) {
        return new Topic(usual.name(), partitions, usual.retention());
    }

    private static void await(BooleanSupplier condition, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException("first processes not ready within " + patience);
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
    }

    @Override
    public void close() {
        scaled.forEach(Scaled::close);
        front.close();
        broker.close();
    }
}
