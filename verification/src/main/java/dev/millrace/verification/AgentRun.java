package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.Truth;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// An agent under load whose link is cut and which is killed with `kill -9` meanwhile; then
/// everything acknowledged must be stored, once and unaltered.
public final class AgentRun implements AutoCloseable {

    private static final Map<String, String> CENTER =
            Map.of(
                    "aggregator.quiet-period", "1s",
                    "ingester.batch-delay", "200ms",
                    "cache.names-expiry", "1ms",
                    "log.level", "warn");

    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration MOST_WAIT = Duration.ofMinutes(1);
    private static final String SPOOLED = "millrace_agent_spans_spooled_total";
    private static final long MEGABYTE = 1 << 20;

    /// How long each part of a run takes.
    ///
    /// @param before the cut
    /// @param cut until the link is mended; the agent is killed in the middle of it
    /// @param after the link was mended
    public record Times(Duration before, Duration cut, Duration after) {}

    /// What a run came to.
    ///
    /// @param acknowledged different spans that the agent has taken
    /// @param spooledBytes the most that was on disk
    /// @param drained from the mending of the link until nothing was on disk
    /// @param startMillis of the agent after it was killed, until it was ready
    /// @param mostMegabytes the agent had in memory at any time
    public record Outcome(
            long acknowledged,
            Comparison comparison,
            long spooledBytes,
            Duration drained,
            long startMillis,
            long mostMegabytes) {}

    private final Path directory;
    private final MillraceProcess center;
    private final MillraceProcess agent;
    private final BadLink link;
    private long mostMegabytes;
    private long spooledBytes;

    AgentRun(
            Path directory,
            MillraceProcess.Program centerProgram,
            MillraceProcess.Program agentProgram)
            throws IOException {
        this.directory = directory;
        center =
                new MillraceProcess(
                        "center",
                        directory.resolve("center"),
                        centerProgram,
                        List.of("up"),
                        CENTER);
        link = new BadLink(Integer.parseInt(center.setting("collector.receivers.otlp-grpc.port")));
        var settings = new LinkedHashMap<String, String>();
        settings.put("agent.collectors", "127.0.0.1:" + link.port());
        settings.put("agent.resource.node", "node-7");
        settings.put("log.level", "info");
        agent =
                new MillraceProcess(
                        "agent",
                        directory.resolve("agent"),
                        agentProgram,
                        List.of("agent"),
                        settings);
    }

    /// The classes of this process in both.
    ///
    /// @param directory an empty one
    public static AgentRun ofThisClassPath(Path directory) throws IOException {
        return new AgentRun(
                directory,
                MillraceProcess.Program.ofThisClassPath(),
                MillraceProcess.Program.ofThisClassPath());
    }

    public void start() throws IOException, InterruptedException {
        center.start();
        agent.start();
    }

    /// Who is before the link.
    public MillraceProcess agent() {
        return agent;
    }

    /// Who is behind it.
    public MillraceProcess center() {
        return center;
    }

    /// Cuts the link.
    public void cut() {
        link.cut();
    }

    /// Mends it.
    public void mend() {
        link.mend();
    }

    /// Sends, cuts, kills, starts, mends, and holds what is stored against what was acknowledged.
    ///
    /// @param patience how long it may take until all is stored
    public Outcome run(long seed, long spansPerSecond, Times times, Duration patience)
            throws Exception {
        var truthFile = directory.resolve("truth-" + seed);
        long startMillis;
        long mended;
        long drained;
        try (var load =
                new LoadLane(
                        LoadConfig.builder(agent.otlpGrpc())
                                .seed(seed)
                                .spansPerSecond(spansPerSecond)
                                .concurrency(8)
                                .requestTimeout(Duration.ofSeconds(10))
                                .retryFor(Duration.ofMinutes(5))
                                .truthFile(truthFile)
                                .build())) {
            load.start();
            awaitMore("millrace_agent_spans_forwarded_total", 0);
            watch(times.before());
            link.cut();
            awaitMore(SPOOLED, 0);
            watch(times.cut().dividedBy(2));
            agent.kill();
            long began = System.nanoTime();
            agent.start();
            startMillis = (System.nanoTime() - began) / 1_000_000;
            awaitMore(SPOOLED, 0);
            watch(times.cut().dividedBy(2));
            link.mend();
            mended = System.nanoTime();
            watch(times.after());
            var _ = load.end(patience);
            drained = awaitDrained(mended, patience);
        }
        var truth = Truth.read(truthFile);
        return new Outcome(
                truth.acknowledgedSpans(),
                compare(truth, patience),
                spooledBytes,
                Duration.ofNanos(drained - mended),
                startMillis,
                mostMegabytes);
    }

    private void watch(Duration time) throws IOException, InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() - end < 0) {
            look();
            LockSupport.parkNanos(Math.min(POLL.toNanos(), Math.max(1, end - System.nanoTime())));
        }
    }

    private void awaitMore(String metric, double than) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + MOST_WAIT.toNanos();
        while (look(metric) <= than) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        metric + ": " + than + " (expected: more)\n" + agent.tail());
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private double look(String metric) throws IOException, InterruptedException {
        var _ = look();
        return agent.metric(metric);
    }

    private double look() throws IOException, InterruptedException {
        mostMegabytes =
                Math.max(
                        mostMegabytes, ProcessUsage.of(agent.pid()).peakResidentBytes() / MEGABYTE);
        double waiting = agent.metric("millrace_agent_spool_bytes");
        spooledBytes = Math.max(spooledBytes, (long) waiting);
        return waiting;
    }

    private long awaitDrained(long since, Duration patience)
            throws IOException, InterruptedException {
        while (look() > 0 && System.nanoTime() - since < patience.toNanos()) {
            LockSupport.parkNanos(POLL.toNanos());
        }
        return System.nanoTime();
    }

    private Comparison compare(Truth truth, Duration patience) {
        try (var http = HttpClient.newHttpClient()) {
            var stored = new StoredTraces(http, center.query());
            long deadline = System.nanoTime() + patience.toNanos();
            while (true) {
                var comparison = truth.compare(stored);
                if (comparison.isClean() || System.nanoTime() - deadline > 0) {
                    return comparison;
                }
                LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            }
        }
    }

    @Override
    public void close() {
        agent.close();
        center.close();
        link.close();
    }
}
