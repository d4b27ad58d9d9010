package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.Truth;
import dev.millrace.model.ByteSize;
import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// An agent under load whose disk is full and then breaks down, with its link there and cut; then
/// everything acknowledged must be stored, once and unaltered.
///
/// The disk is a real one of Linux, small and in a file.
final class DiskRun implements AutoCloseable {

    private static final Map<String, String> CENTER =
            Map.of(
                    "aggregator.quiet-period", "1s",
                    "ingester.batch-delay", "200ms",
                    "cache.names-expiry", "1ms",
                    "log.level", "warn");

    private static final String FORWARDED = "millrace_agent_spans_forwarded_total";
    private static final String SPOOLED = "millrace_agent_spans_spooled_total";
    private static final String WAITING = "millrace_agent_spool_bytes";
    private static final String FAILURES = "millrace_agent_spool_failures_total";
    private static final String REQUESTS = "millrace_collector_requests_total";
    private static final String UNAVAILABLE = "outcome=\"unavailable\"";

    private static final String EXPECTED =
            " (expected: a directory with room that can be written to)";

    private static final ByteSize DISK = ByteSize.ofMebibytes(64);
    private static final Duration A_WHILE = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration POLL = Duration.ofMillis(100);

    private final Path directory;
    private final long rate;
    private final SmallDisk disk = SmallDisk.inFile(DISK);
    private final MillraceProcess center;
    private final MillraceProcess agent;
    private final BadLink link;
    private final List<Step> steps = new ArrayList<>();

    /// What was done, what was seen then, and whether that is what was promised.
    record Step(String done, String seen, boolean kept) {}

    /// @param stored what is stored against what was acknowledged
    record Outcome(List<Step> steps, LoadReport load, long acknowledged, Comparison stored) {

        Outcome {
            steps = List.copyOf(steps);
        }

        boolean passes() {
            return acknowledged > 0
                    && stored.isClean()
                    && load.failed() == 0
                    && load.unhinted() == 0
                    && steps.stream().allMatch(Step::kept);
        }

        @Override
        public String toString() {
            var text =
                    new StringBuilder("| what happens | what is seen | as promised |\n|-|-|-|\n");
            for (var step : steps) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "| %s | %s | %s |\n",
                                step.done(),
                                step.seen(),
                                step.kept() ? "yes" : "**no**"));
            }
            return text.append(
                            String.format(
                                    Locale.ROOT,
                                    """

                                    | figure | value |
                                    |-|--:|
                                    | spans acknowledged | %,d |
                                    | answers that said no, to be sent again | %,d |
                                    | without a hint when to come back | %,d |
                                    | spans that clients gave up | %,d |
                                    | stored | %s |
                                    """,
                                    acknowledged,
                                    load.refusals(),
                                    load.unhinted(),
                                    load.failed(),
                                    stored))
                    .toString();
        }
    }

    /// @param directory an empty one
    /// @param rate spans per second
    DiskRun(Path directory, Program centerProgram, Program agentProgram, long rate)
            throws IOException {
        this.directory = directory;
        this.rate = rate;
        center =
                new MillraceProcess(
                        "center",
                        directory.resolve("center"),
                        centerProgram,
                        List.of("up"),
                        CENTER);
        link = new BadLink(Integer.parseInt(center.setting("collector.receivers.otlp-grpc.port")));
        agent =
                new MillraceProcess(
                        "agent",
                        directory.resolve("agent"),
                        agentProgram,
                        List.of("agent"),
                        Map.of(
                                "agent.collectors",
                                "127.0.0.1:" + link.port(),
                                "agent.spool.directory",
                                spool().toString(),
                                "log.level",
                                "info"));
    }

    private Path spool() {
        return disk.path().resolve("spool");
    }

    Outcome run() throws Exception {
        var truthFile = directory.resolve("truth");
        center.start();
        agent.start();
        LoadReport report;
        try (var load =
                new LoadLane(
                        LoadConfig.builder(agent.otlpGrpc())
                                .spansPerSecond(rate)
                                .concurrency(8)
                                .requestTimeout(Duration.ofSeconds(10))
                                .retryFor(Duration.ofMinutes(10))
                                .truthFile(truthFile)
                                .build())) {
            load.start();
            awaitMore(FORWARDED, 0);
            fill();
            breakDown();
            startOnTheBrokenOne();
            report = load.end(PATIENCE);
            awaitDrained();
        }
        var truth = Truth.read(truthFile);
        return new Outcome(steps, report, truth.acknowledgedSpans(), compare(truth));
    }

    private void fill() throws IOException, InterruptedException {
        disk.leave(new ByteSize(0));
        forwarding("the disk is full");
        link.cut();
        refusing("the link is cut", "No space left on device");
        double before = agent.metric(SPOOLED);
        disk.free();
        awaitMore(SPOOLED, before);
        step(
                "the disk has room again",
                "spans go to disk, and the log says: " + logged("Spool can be used again"),
                awaitReady());
        disk.leave(new ByteSize(0));
        double waiting = agent.metric(WAITING);
        link.mend();
        awaitDrained();
        step(
                "the disk is full, with spans on it, and the link is mended",
                String.format(Locale.ROOT, "%,.0f bytes on disk are sent", waiting),
                waiting > 0);
        disk.free();
    }

    private void breakDown() throws IOException, InterruptedException {
        disk.breakDown();
        forwarding("the disk breaks down and is read-only from then on");
        link.cut();
        refusing("the link is cut", "Read-only file system");
        link.mend();
        forwarding("the link is mended");
    }

    private void startOnTheBrokenOne() throws IOException, InterruptedException {
        agent.stop();
        int before = agent.log().length();
        agent.start();
        String said = agent.log().substring(before);
        String complaint = spool() + ": Read-only file system" + EXPECTED;
        step(
                "the agent is stopped and started on the read-only disk",
                "it starts, and the log says: " + quoted(said, complaint),
                said.contains(complaint));
        forwarding("clients find it again");
        agent.stop();
        disk.repair();
        agent.start();
        link.cut();
        awaitMore(SPOOLED, 0);
        step("the disk is repaired, the agent started, the link cut", "spans go to disk", true);
        link.mend();
        awaitDrained();
        step("the link is mended", "all of them are sent", true);
    }

    /// With collectors there, the disk does not matter.
    private void forwarding(String done) throws IOException, InterruptedException {
        double from = agent.metric(FORWARDED);
        double refusedFrom = agent.metric(REQUESTS, UNAVAILABLE);
        awaitMore(FORWARDED, from);
        LockSupport.parkNanos(A_WHILE.toNanos());
        double forwarded = agent.metric(FORWARDED) - from;
        double refused = agent.metric(REQUESTS, UNAVAILABLE) - refusedFrom;
        step(
                done,
                String.format(
                        Locale.ROOT,
                        "%,.0f spans forwarded within %d s, %,.0f requests refused",
                        forwarded,
                        A_WHILE.toSeconds(),
                        refused),
                forwarded > 0 && agent.isReady());
    }

    /// With neither, clients are told so, and whoever looks is told why.
    private void refusing(String done, String reason) throws IOException, InterruptedException {
        double failuresFrom = agent.metric(FAILURES);
        double refusedFrom = agent.metric(REQUESTS, UNAVAILABLE);
        double spooledFrom = agent.metric(SPOOLED);
        awaitMore(FAILURES, failuresFrom);
        awaitMore(REQUESTS, UNAVAILABLE, refusedFrom);
        LockSupport.parkNanos(A_WHILE.toNanos());
        String complaint = spool() + ": " + reason + EXPECTED;
        boolean kept =
                !agent.isReady()
                        && agent.metric(SPOOLED) == spooledFrom
                        && agent.log().contains(complaint);
        step(
                done,
                String.format(
                        Locale.ROOT,
                        "%,.0f requests refused to be sent again, %,.0f failures counted, not"
                                + " ready, and the log says: %s",
                        agent.metric(REQUESTS, UNAVAILABLE) - refusedFrom,
                        agent.metric(FAILURES) - failuresFrom,
                        quoted(agent.log(), complaint)),
                kept);
    }

    private void step(String done, String seen, boolean kept) {
        steps.add(new Step(done, seen, kept));
        System.out.println(steps.getLast());
    }

    private String logged(String words) {
        return quoted(agent.log(), words);
    }

    private static String quoted(String log, String words) {
        return log.contains(words) ? "`" + words + "`" : "nothing of `" + words + "`";
    }

    private boolean awaitReady() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!agent.isReady() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(POLL.toNanos());
        }
        return agent.isReady();
    }

    private void awaitMore(String metric, double than) throws IOException, InterruptedException {
        awaitMore(metric, "", than);
    }

    private void awaitMore(String metric, String label, double than)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (agent.metric(metric, label) <= than) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        metric + ": " + than + " (expected: more)\n" + agent.tail());
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private void awaitDrained() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (agent.metric(WAITING) > 0) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "spans on disk after " + PATIENCE + " (expected: none)\n" + agent.tail());
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private Comparison compare(Truth truth) {
        try (var http = HttpClient.newHttpClient()) {
            var stored = new StoredTraces(http, center.query());
            long deadline = System.nanoTime() + PATIENCE.toNanos();
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
        disk.close();
    }
}
