package dev.millrace.verification;

import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.Truth;
import dev.millrace.model.Slice;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.verification.KafkaStoreReport.Phase;
import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;

/// Three instances of the store on Kafka over three brokers, under load and under questions, while
/// an instance is killed, one is added, a broker is killed and a disk is lost.
///
/// What is asked of the instances, in turn and all the time, they have answered before; each
/// question that is not answered so again is a failure. In the end every trace is asked for, of the
/// instances in turn, and each of them for who called whom; they must say what the generator made.
final class KafkaStoreRun implements AutoCloseable {

    /// What the store is made of.
    ///
    /// @param keying of `spans`
    /// @param source the topic that is stored
    record Setup(String keying, String source, long seed, long rate) {

        String title() {
            return "`spans.keying` " + keying + ", `storage.kafka.source` " + source;
        }
    }

    private static final String APPLICATION = "millrace-store";
    private static final int SPANS_PARTITIONS = 8;
    private static final int TRACES_PARTITIONS = 8;
    private static final int FIGURES_PARTITIONS = 4;
    private static final int STANDBYS = 1;

    private static final Duration QUIET = Duration.ofSeconds(15);
    private static final Duration STEADY = Duration.ofSeconds(15);
    private static final Duration AWAY = Duration.ofSeconds(12);
    private static final Duration AFTER = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration END_WITHIN = Duration.ofSeconds(90);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);
    private static final int KNOWN_FIRST = 60;
    private static final int LANES = 16;

    /// A trace is complete after its quiet period, and looked for every few seconds.
    private static final Duration FOUND_AFTER = QUIET.plusSeconds(3);

    private static final Duration RANGE = Duration.ofSeconds(4);

    private final Setup setup;
    private final Path directory;
    private final Path truthFile;
    private final KafkaCluster kafka;
    private final MillraceProcess writer;
    private final Map<String, MillraceProcess> instances = new LinkedHashMap<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<Phase> phases = new ArrayList<>();

    /// @param directory an empty one
    KafkaStoreRun(Path directory, Setup setup) {
        this.setup = setup;
        this.directory = directory;
        this.truthFile = directory.resolve("truth");
        this.kafka = new KafkaCluster(directory);
        this.writer = process("writer", List.of("up", "--roles", "collector,aggregator"), Map.of());
        for (String name : List.of("a", "b", "c")) {
            instances.put(name, instance(name));
        }
    }

    private MillraceProcess instance(String name) {
        return process(name, List.of("query"), Map.of("log.level", "info"));
    }

    private MillraceProcess process(String name, List<String> roles, Map<String, String> more) {
        var settings = new HashMap<String, String>();
        settings.put("kafka.bootstrap-servers", kafka.bootstrapServers());
        settings.put("kafka.durability", "strict");
        settings.put("spans.keying", setup.keying());
        settings.put("topics.spans.partitions", Integer.toString(SPANS_PARTITIONS));
        settings.put("topics.traces-complete.partitions", Integer.toString(TRACES_PARTITIONS));
        settings.put("topics.dependencies.partitions", Integer.toString(FIGURES_PARTITIONS));
        settings.put("topics.sampling-decisions.partitions", "4");
        settings.put("topics.ledger.partitions", "4");
        settings.put("topics.dead-letters.partitions", "1");
        settings.put("aggregator.quiet-period", QUIET.toSeconds() + "s");
        settings.put("storage.type", "kafka");
        settings.put("storage.kafka.source", setup.source());
        settings.put("storage.kafka.standbys", Integer.toString(STANDBYS));
        // It would answer for the store.
        settings.put("cache.enabled", "false");
        settings.put("log.level", "warn");
        settings.putAll(more);
        return new MillraceProcess(
                name, directory.resolve(name), Program.ofThisClassPath(), roles, settings);
    }

    KafkaStoreReport run() throws Exception {
        kafka.start();
        writer.start();
        startAll();
        var random = new Random(setup.seed());
        try (var lane = new LoadLane(load());
                var watch = new LookupWatch(truthFile, setup.seed());
                var admin = kafka.admin()) {
            var balance = balance(admin);
            var _ = balance.await(instances.values(), System.nanoTime(), PATIENCE).orElseThrow();
            lane.start();
            watch.start();
            instances.forEach((name, each) -> watch.include(name, each.query()));
            awaitKnown(watch, 1);
            long firstNanos = System.currentTimeMillis() * 1_000_000 - FOUND_AFTER.toNanos();
            awaitKnown(watch, KNOWN_FIRST);
            long from = firstNanos + Duration.ofSeconds(1).toNanos();
            int range = watch.fix(instance(instances, "a").query(), from, from + RANGE.toNanos());
            System.out.println("  " + range + " traces in the range that is searched");
            disturb(watch, balance, admin, random);
            var report = lane.end(END_WITHIN);
            return judge(report, watch);
        }
    }

    private void startAll() throws InterruptedException, ExecutionException {
        var started =
                instances.values().stream()
                        .map(each -> CompletableFuture.runAsync(() -> start(each)))
                        .toList();
        for (var each : started) {
            each.get();
        }
    }

    private static void start(MillraceProcess process) {
        try {
            process.start();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private StoreBalance balance(Admin admin) {
        return new StoreBalance(
                admin,
                http,
                Map.of(
                        APPLICATION,
                        setup.source().equals("spans") ? SPANS_PARTITIONS : TRACES_PARTITIONS,
                        APPLICATION + "-figures",
                        FIGURES_PARTITIONS),
                1 + STANDBYS);
    }

    private LoadConfig load() {
        return LoadConfig.builder(writer.otlpGrpc())
                .seed(setup.seed())
                .spansPerSecond(setup.rate())
                .concurrency(8)
                .requestTimeout(Duration.ofSeconds(20))
                .late(0, Duration.ZERO)
                .duplicates(0)
                .giants(0, 1)
                .truthFile(truthFile)
                .build();
    }

    private void awaitKnown(LookupWatch watch, int traces) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (watch.knownTraces() < traces) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "only "
                                + watch.knownTraces()
                                + " traces were found whole within "
                                + PATIENCE
                                + "\n"
                                + writer.tail());
            }
            pause(LOOK_EVERY);
        }
    }

    /// Something that happens, with questions going on.
    @FunctionalInterface
    private interface Happening {
        void happen() throws Exception;
    }

    private void phase(String name, LookupWatch watch, StoreBalance balance, Happening happening)
            throws Exception {
        long began = System.nanoTime();
        happening.happen();
        var balanced = balance.await(living(), began, PATIENCE);
        pause(AFTER);
        var phase =
                new Phase(
                        name,
                        Duration.ofNanos(System.nanoTime() - began),
                        balanced,
                        watch.since(began));
        phases.add(phase);
        System.out.println(phase);
        System.out.print(phase.failures());
    }

    private final List<String> dead = new ArrayList<>();

    private List<MillraceProcess> living() {
        return instances.entrySet().stream()
                .filter(each -> !dead.contains(each.getKey()))
                .map(Map.Entry::getValue)
                .toList();
    }

    private void disturb(LookupWatch watch, StoreBalance balance, Admin admin, Random random)
            throws Exception {
        phase("nothing", watch, balance, () -> pause(STEADY));
        String victim = List.of("a", "b", "c").get(random.nextInt(3));
        phase(
                "an instance killed (-9)",
                watch,
                balance,
                () -> {
                    kill(victim, watch);
                    pause(AWAY);
                });
        phase("started again", watch, balance, () -> revive(victim, watch));
        phase(
                "a fourth instance added",
                watch,
                balance,
                () -> {
                    var added = instance("d");
                    instances.put("d", added);
                    added.start();
                    watch.include("d", added.query());
                });
        int broker = coordinator(admin);
        phase(
                "a broker killed (-9)",
                watch,
                balance,
                () -> {
                    kafka.kill(broker);
                    pause(AWAY);
                });
        phase(
                "the broker started again",
                watch,
                balance,
                () -> {
                    kafka.restart(broker);
                    kafka.awaitInSync(PATIENCE);
                });
        String wiped = new ArrayList<>(instances.keySet()).get(random.nextInt(instances.size()));
        phase(
                "an instance killed and its disk wiped, started again",
                watch,
                balance,
                () -> {
                    kill(wiped, watch);
                    Start.delete(Path.of(instance(instances, wiped).setting("data-dir")));
                    revive(wiped, watch);
                });
    }

    private static MillraceProcess instance(Map<String, MillraceProcess> of, String name) {
        var found = of.get(name);
        if (found == null) {
            throw new IllegalArgumentException(name + " (expected: one of " + of.keySet() + ")");
        }
        return found;
    }

    private void kill(String name, LookupWatch watch) throws InterruptedException {
        watch.exclude(name);
        dead.add(name);
        instance(instances, name).kill();
    }

    private void revive(String name, LookupWatch watch) throws Exception {
        instance(instances, name).start();
        dead.remove(name);
        watch.include(name, instance(instances, name).query());
    }

    /// The broker that the store's group depends on most.
    private static int coordinator(Admin admin) throws Exception {
        return admin.describeConsumerGroups(List.of(APPLICATION))
                .all()
                .get()
                .values()
                .iterator()
                .next()
                .coordinator()
                .id();
    }

    private static void pause(Duration time) {
        LockSupport.parkNanos(time.toNanos());
    }

    /// Waits until the instances have everything, or patience is at its end.
    private KafkaStoreReport judge(LoadReport report, LookupWatch watch) throws Exception {
        watch.close();
        var truth = Truth.read(truthFile);
        var calls = CallTruth.of(load().workload(), truth.traceIds());
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        var figures = new TreeMap<String, List<String>>();
        for (var each : instances.entrySet()) {
            var query = each.getValue().query();
            var differences = calls.differences(dependencies(query));
            while (!differences.isEmpty() && System.nanoTime() - deadline < 0) {
                pause(LOOK_EVERY);
                differences = calls.differences(dependencies(query));
            }
            figures.put(each.getKey(), differences);
        }
        var stored = truth.compare(LANES, inTurn());
        while (!stored.isClean() && System.nanoTime() - deadline < 0) {
            System.out.println("  not yet: " + stored);
            stored = truth.compare(LANES, inTurn());
        }
        return new KafkaStoreReport(
                setup.title(),
                phases,
                report,
                truth.acknowledgedSpans(),
                truth.traceIds().size(),
                stored,
                calls.total(),
                figures);
    }

    /// Each trace from another instance than the one before: any answers for all.
    private Function<TraceId, Optional<Trace>> inTurn() {
        var stores =
                instances.values().stream()
                        .map(each -> new StoredTraces(http, each.query()))
                        .toList();
        var turn = new AtomicInteger();
        return traceId ->
                stores.get(Math.floorMod(turn.getAndIncrement(), stores.size())).apply(traceId);
    }

    private Slice dependencies(URI query) throws IOException, InterruptedException {
        var response =
                http.send(
                        HttpRequest.newBuilder(query.resolve("/v1/dependencies"))
                                .timeout(Duration.ofSeconds(30))
                                .build(),
                        BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IOException("figures: status " + response.statusCode());
        }
        return Slice.of(response.body());
    }

    @Override
    public void close() {
        instances.values().forEach(MillraceProcess::close);
        writer.close();
        kafka.close();
        http.close();
    }
}
