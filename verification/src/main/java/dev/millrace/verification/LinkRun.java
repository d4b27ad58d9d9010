package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.Truth;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.Audit;
import dev.millrace.pipeline.Decision;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.ledger.Balance;
import dev.millrace.testkit.Certificates;
import dev.millrace.verification.LinkReport.Ending;
import dev.millrace.verification.LinkReport.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Edge sites and a center, each a Millrace with a broker in a process of its own, MirrorMaker 2 in
/// another, and between it and each site a link that can be made bad: under load, of which in the
/// end all must be at the center, once, and no trace torn.
///
/// The first site has an agent before its collector. Not safe for threads.
final class LinkRun implements AutoCloseable {

    /// What is run.
    ///
    /// @param sites by name, one or two
    /// @param spansPerSecond at the first site; the second has half of it
    /// @param quietPeriod after which the center takes a trace for complete
    /// @param good what the links are when nothing is wrong with them
    record Setup(
            List<String> sites,
            long seed,
            long spansPerSecond,
            Duration quietPeriod,
            LinkQuality good) {

        Setup {
            sites = List.copyOf(sites);
        }
    }

    /// Something that is done to the system.
    @FunctionalInterface
    interface Deed {
        void run() throws Exception;
    }

    private static final Duration LOOK_EVERY = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /// A mirror this far behind has caught up: it waits for half a second, for its commit and ours.
    private static final Duration LEVEL = Duration.ofSeconds(3);

    private final Path directory;
    private final Setup setup;
    private final List<Site> sites = new ArrayList<>();
    private final MillraceProcess center;
    private final MirrorMakerProcess mirror;
    private final List<Step> steps = new ArrayList<>();

    /// What closes all that watches and sends, in the order it was started.
    private final List<Runnable> closing = new ArrayList<>();

    private @Nullable CrossingTraces crossing;

    /// One edge.
    private static final class Site {
        final String name;
        final MillraceProcess edge;
        final @Nullable MillraceProcess agent;
        final BadLink link;
        private @Nullable TopicTail log;
        private @Nullable TopicTail copy;
        private @Nullable LoadLane load;

        Site(String name, MillraceProcess edge, @Nullable MillraceProcess agent, BadLink link) {
            this.name = name;
            this.edge = edge;
            this.agent = agent;
            this.link = link;
        }

        String topic() {
            return name + ".spans";
        }

        /// Where applications send.
        MillraceProcess entrance() {
            return agent == null ? edge : agent;
        }

        TopicTail log() {
            return started(log);
        }

        TopicTail copy() {
            return started(copy);
        }

        LoadLane load() {
            return started(load);
        }

        private static <T> T started(@Nullable T part) {
            if (part == null) {
                throw new IllegalStateException("not started");
            }
            return part;
        }
    }

    /// @param directory an empty one
    /// @param properties of MirrorMaker, for these sites and a center
    LinkRun(Path directory, Path properties, Setup setup) throws IOException {
        this.directory = directory;
        this.setup = setup;
        var certificates = new Certificates(Files.createDirectories(directory.resolve("tls")));
        for (String name : setup.sites()) {
            sites.add(site(name, certificates));
        }
        center =
                new MillraceProcess(
                        "center",
                        directory.resolve("center"),
                        List.of(
                                "up",
                                "--profile",
                                "center",
                                "--site",
                                String.join(",", setup.sites())),
                        Map.of(
                                "aggregator.quiet-period",
                                setup.quietPeriod().toMillis() + "ms",
                                "aggregator.max-age",
                                "1m",
                                "aggregator.late-window",
                                "5m",
                                "ingester.batch-delay",
                                "200ms",
                                "cache.enabled",
                                "false",
                                "log.level",
                                "warn"));
        mirror =
                new MirrorMakerProcess(
                        directory.resolve("mirror"), properties, mirrored(certificates));
    }

    private Site site(String name, Certificates certificates) throws IOException {
        int port = FreePorts.next();
        var link = new BadLink(port, setup.seed() + sites.size());
        link.become(setup.good());
        var server = certificates.server();
        var edge =
                new MillraceProcess(
                        name,
                        directory.resolve(name),
                        List.of("up", "--profile", "edge", "--site", name),
                        Map.of(
                                "broker.tls.port",
                                Integer.toString(port),
                                "broker.tls.advertised",
                                "127.0.0.1:" + link.port(),
                                "broker.tls.certificate",
                                server.certificate().toString(),
                                "broker.tls.key",
                                server.key().toString(),
                                "broker.tls.client-ca",
                                certificates.authorityFile().toString(),
                                "spans.markers.interval",
                                "1s",
                                "spans.markers.lasting",
                                setup.quietPeriod().plusSeconds(65).toMillis() + "ms",
                                "log.level",
                                "warn"));
        var agent = sites.isEmpty() ? agentOf(edge) : null;
        return new Site(name, edge, agent, link);
    }

    private MillraceProcess agentOf(MillraceProcess edge) {
        return new MillraceProcess(
                "agent",
                directory.resolve("agent"),
                List.of("agent"),
                Map.of(
                        "agent.collectors",
                        "127.0.0.1:" + edge.setting("collector.receivers.otlp-grpc.port"),
                        "log.level",
                        "warn"));
    }

    private Map<String, String> mirrored(Certificates certificates) throws IOException {
        var client = certificates.client("mirror-maker");
        var keyAndCertificate = directory.resolve("tls").resolve("mirror-maker.pem");
        Files.writeString(
                keyAndCertificate,
                Files.readString(client.key()) + Files.readString(client.certificate()));
        var settings = new HashMap<String, String>();
        settings.put("clusters", "center, " + String.join(", ", setup.sites()));
        settings.put("center.bootstrap.servers", center.bootstrapServers());
        for (var site : sites) {
            settings.put(site.name + ".bootstrap.servers", "127.0.0.1:" + site.link.port());
            settings.put(site.name + ".ssl.keystore.location", keyAndCertificate.toString());
            settings.put(
                    site.name + ".ssl.truststore.location",
                    certificates.authorityFile().toString());
        }
        return settings;
    }

    /// Starts all processes, and what watches them.
    void start() throws Exception {
        var all = new ArrayList<MillraceProcess>();
        all.add(center);
        for (var site : sites) {
            all.add(site.edge);
            if (site.agent != null) {
                all.add(site.agent);
            }
        }
        // Side by side, for each waits for more than it works.
        var starting =
                all.stream().map(one -> CompletableFuture.runAsync(() -> start(one))).toList();
        for (var one : starting) {
            one.get();
        }
        mirror.start();
        for (var site : sites) {
            site.log = TopicTail.started(site.edge.bootstrapServers(), site.topic());
            closing.add(site.log::close);
            site.copy = TopicTail.started(center.bootstrapServers(), site.topic());
            closing.add(site.copy::close);
        }
        awaitFirst();
    }

    /// Until the mirror brings something: a site appends markers from its start on.
    private void awaitFirst() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (sites.stream().anyMatch(site -> site.copy().seen().isEmpty())) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException("nothing mirrored within " + PATIENCE + tails());
            }
            pause();
        }
    }

    private static void start(MillraceProcess process) {
        try {
            process.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// Begins to send, at every site.
    void load() {
        for (int i = 0; i < sites.size(); i++) {
            var site = sites.get(i);
            var load =
                    new LoadLane(
                            LoadConfig.builder(site.entrance().otlpGrpc())
                                    .seed(setup.seed() + i)
                                    .spansPerSecond(setup.spansPerSecond() / (1 + i))
                                    .concurrency(8)
                                    .requestTimeout(Duration.ofSeconds(15))
                                    .retryFor(Duration.ofMinutes(5))
                                    .late(0, Duration.ofSeconds(1))
                                    .giants(0, 1)
                                    .truthFile(truth(site))
                                    .build());
            site.load = load;
            closing.add(load::close);
            load.start();
        }
        if (sites.size() > 1) {
            var calls =
                    new CrossingTraces(
                            sites.get(0).entrance().otlpHttp(),
                            sites.get(1).entrance().otlpHttp(),
                            setup.seed());
            crossing = calls;
            closing.add(calls::close);
            calls.start();
        }
    }

    private Path truth(Site site) {
        return directory.resolve("truth-" + site.name);
    }

    /// The first site's collector and broker.
    MillraceProcess edge() {
        return sites.getFirst().edge;
    }

    /// Makes all links so.
    void become(LinkQuality quality) {
        sites.forEach(site -> site.link.become(quality));
    }

    void cut() {
        sites.forEach(site -> site.link.cut());
    }

    void silence() {
        sites.forEach(site -> site.link.silence());
    }

    /// Makes all links what they are when nothing is wrong with them.
    void mend() {
        become(setup.good());
        sites.forEach(site -> site.link.mend());
    }

    void killMirror() throws InterruptedException {
        mirror.kill();
    }

    void startMirror() throws IOException {
        mirror.start();
    }

    /// Kills the first site's collector and broker, and starts them again on what they left.
    void killEdge() throws IOException, InterruptedException {
        edge().kill();
        edge().start();
    }

    void killCenter() throws InterruptedException {
        center.kill();
    }

    void startCenter() throws IOException, InterruptedException {
        center.start();
    }

    /// Does something, watches for a while, undoes it, and waits until the mirror has caught up.
    ///
    /// @param undone what makes it good again; the links are mended in any case
    void step(String name, Deed done, Duration lasting, Deed undone) throws Exception {
        long bytes = bytes();
        long acknowledged = acknowledged();
        long begin = System.nanoTime();
        done.run();
        long longest = 0;
        while (System.nanoTime() - begin < lasting.toNanos()) {
            longest = Math.max(longest, behind().toMillis());
            pause();
        }
        undone.run();
        mend();
        long mended = System.nanoTime();
        long bytesBad = bytes() - bytes;
        var caughtUp = Optional.<Duration>empty();
        while (caughtUp.isEmpty() && System.nanoTime() - mended < PATIENCE.toNanos()) {
            pause();
            long behind = behind().toMillis();
            longest = Math.max(longest, behind);
            if (behind <= LEVEL.toMillis() && mirror.isAlive()) {
                caughtUp = Optional.of(Duration.ofNanos(System.nanoTime() - mended));
            }
        }
        var step =
                new Step(
                        name,
                        Duration.ofNanos(mended - begin),
                        acknowledged() - acknowledged,
                        bytesBad,
                        bytes() - bytes - bytesBad,
                        Duration.ofMillis(longest),
                        caughtUp);
        steps.add(step);
        System.out.println(step);
    }

    private static void pause() {
        LockSupport.parkNanos(LOOK_EVERY.toNanos());
    }

    private long bytes() {
        return sites.stream().mapToLong(site -> site.link.bytes()).sum();
    }

    private long acknowledged() {
        return sites.stream()
                .flatMap(site -> site.load().seconds().stream())
                .mapToLong(second -> Math.round(second.acknowledged()))
                .sum();
    }

    private Duration behind() {
        return sites.stream()
                .map(site -> site.log().aheadOf(site.copy()))
                .max(Duration::compareTo)
                .orElseThrow();
    }

    /// Ends the load, waits until all of it is at the center, or patience at its end, and holds it
    /// against what was acknowledged.
    LinkReport end() throws Exception {
        if (crossing != null) {
            crossing.end();
        }
        for (var site : sites) {
            var _ = site.load().end(PATIENCE);
        }
        long ended = System.nanoTime();
        awaitDrained();
        var differences = awaitMirrored();
        long bytes = bytes();
        var stored = new HashMap<String, Comparison>();
        long spans = 0;
        List<TraceId> incomplete = List.of();
        try (var http = HttpClient.newHttpClient()) {
            var store = new StoredTraces(http, center.query());
            for (var site : sites) {
                var truth = Truth.read(truth(site));
                spans += truth.acknowledgedSpans();
                stored.put(site.name, compare(truth, store));
            }
            if (crossing != null) {
                incomplete = crossing.incomplete(store);
            }
        }
        var took = Duration.ofNanos(System.nanoTime() - ended);
        var decisions = new TraceLog(center.bootstrapServers()).decisions("sampling-decisions");
        return new LinkReport(
                setup,
                steps,
                new Ending(
                        spans,
                        stored,
                        differences,
                        crossing == null ? 0 : crossing.taken(),
                        incomplete.size(),
                        decisions.size(),
                        torn(decisions),
                        audit(),
                        bytes,
                        mirror.tasksDead(),
                        took));
    }

    private void awaitDrained() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (var site : sites) {
            var agent = site.agent;
            while (agent != null && agent.metric("millrace_agent_spool_bytes") > 0) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException("the agent still has spans\n" + agent.tail());
                }
                pause();
            }
        }
    }

    /// How the center's copies differ from the logs of the sites.
    private List<String> awaitMirrored() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var differences =
                    sites.stream()
                            .flatMap(site -> site.log().differences(site.copy()).stream())
                            .toList();
            if (differences.isEmpty() || System.nanoTime() - deadline > 0) {
                return differences;
            }
            pause();
        }
    }

    private Comparison compare(Truth truth, StoredTraces store) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var comparison = truth.compare(store);
            if (comparison.isClean() || System.nanoTime() - deadline > 0) {
                return comparison;
            }
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
        }
    }

    /// Traces of one site that were not decided about as one.
    private static List<String> torn(List<Decision> decisions) {
        var pieces = new HashMap<String, Integer>();
        decisions.forEach(decision ->
                pieces.merge(
                        decision.sourceTopic() + " " + decision.trace().traceId(),
                        decision.trace().parts(),
                        Integer::sum));
        return pieces.entrySet().stream()
                .filter(entry -> entry.getValue() > 1)
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /// What the center's books say; empty when they close and nothing is pending.
    private String audit() {
        var clients = new KafkaClients(KafkaConfig.embedded(center.bootstrapServers()));
        var topics = TopicsConfig.embedded().withSites(setup.sites());
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var report = Audit.run(clients, topics, IngesterConfig.Source.TRACES, Instant.EPOCH);
            long pending = report.balances().stream().mapToLong(Balance::pending).sum();
            if (report.closes() && pending == 0 && !report.balances().isEmpty()) {
                return "";
            }
            if (System.nanoTime() - deadline > 0) {
                return report.text();
            }
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
        }
    }

    /// The end of what MirrorMaker and the center have printed, for whoever looks for a cause.
    String tails() {
        return "MirrorMaker:\n" + mirror.tail() + "\ncenter:\n" + center.tail() + "\n";
    }

    @Override
    public void close() {
        closing.reversed().forEach(Runnable::run);
        mirror.close();
        for (var site : sites) {
            if (site.agent != null) {
                site.agent.close();
            }
            site.edge.close();
            site.link.close();
        }
        center.close();
    }
}
