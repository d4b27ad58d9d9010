package dev.millrace.verification;

import dev.millrace.load.LoadConfig;
import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// What an agent costs the node it runs on: its start, its memory and its CPU at 5,000 spans a
/// second, with its collector there and away.
///
/// The collector is that of a whole Millrace without Kafka, in a process of its own.
final class AgentBench {

    private static final String PART = "agent";
    private static final int STARTS = 5;
    private static final long RATE = 5_000;
    private static final Duration WARM_UP = Duration.ofSeconds(20);
    private static final Duration MEASURED = Duration.ofSeconds(60);
    private static final Duration CUT = Duration.ofSeconds(30);
    private static final Duration END_WITHIN = Duration.ofSeconds(60);
    private static final double MEGABYTE = 1024.0 * 1024.0;

    private AgentBench() {}

    /// @param directory an empty one
    static void run(Path directory, Figures figures) throws IOException, InterruptedException {
        starts(directory, figures);
        try (var center =
                new MillraceProcess(
                        "center",
                        directory.resolve("center"),
                        Program.assembled("-Xmx512m"),
                        List.of("up"),
                        Map.of("mode", "direct", "log.level", "warn"))) {
            center.start();
            int port = Integer.parseInt(center.setting("collector.receivers.otlp-grpc.port"));
            try (var link = new BadLink(port);
                    var agent = agent(directory.resolve("loaded"), link.port())) {
                agent.start();
                load(agent, link, figures);
            }
        }
    }

    private static MillraceProcess agent(Path directory, int port) {
        return new MillraceProcess(
                "agent",
                directory,
                Program.assembled(""),
                List.of("agent"),
                Map.of("agent.collectors", "127.0.0.1:" + port, "log.level", "warn"));
    }

    private static void starts(Path directory, Figures figures)
            throws IOException, InterruptedException {
        var seconds = new ArrayList<Double>();
        var cpu = new ArrayList<Double>();
        for (int i = 0; i < STARTS; i++) {
            try (var agent = agent(directory.resolve("start-" + i), FreePorts.next())) {
                long began = System.nanoTime();
                agent.start();
                seconds.add((System.nanoTime() - began) / 1e9);
                cpu.add(ProcessUsage.of(agent.pid()).cpuSeconds());
                agent.stop();
            }
        }
        figures.atMost(
                PART,
                "s to ready, median of " + STARTS,
                "%.2f",
                median(seconds),
                AgentProof.LONGEST_START_MILLIS / 1e3);
        figures.add(PART, "s of CPU for that, median", "%.2f", median(cpu));
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static void load(MillraceProcess agent, BadLink link, Figures figures)
            throws IOException, InterruptedException {
        try (var lane =
                new LoadLane(
                        LoadConfig.builder(agent.otlpGrpc())
                                .spansPerSecond(RATE)
                                .concurrency(8)
                                .build())) {
            lane.start();
            LockSupport.parkNanos(WARM_UP.toNanos());
            double cpu = ProcessUsage.of(agent.pid()).cpuSeconds();
            double done = agent.metric("millrace_agent_spans_forwarded_total");
            long began = System.nanoTime();
            LockSupport.parkNanos(MEASURED.toNanos());
            var usage = ProcessUsage.of(agent.pid());
            double spans = agent.metric("millrace_agent_spans_forwarded_total") - done;
            double seconds = (System.nanoTime() - began) / 1e9;
            figures.add(PART, "spans/s forwarded", "%,.0f", spans / seconds);
            figures.add(
                    PART,
                    "s of CPU per million spans",
                    "%.1f",
                    (usage.cpuSeconds() - cpu) / spans * 1e6);
            memory("collector there", usage, figures);
            link.cut();
            LockSupport.parkNanos(CUT.toNanos());
            figures.add(
                    PART,
                    "MB on disk after " + CUT.toSeconds() + " s without it",
                    "%.1f",
                    agent.metric("millrace_agent_spool_bytes") / MEGABYTE);
            memory("collector away", ProcessUsage.of(agent.pid()), figures);
            link.mend();
            var _ = lane.end(END_WITHIN);
        }
        memory("in the end", ProcessUsage.of(agent.pid()), figures);
        figures.add(PART, "load of the machine", "%.1f", ProcessUsage.machineLoad());
    }

    private static void memory(String when, ProcessUsage usage, Figures figures) {
        figures.add(PART, "resident memory, MB, " + when, "%.0f", usage.residentBytes() / MEGABYTE);
        figures.atMost(
                PART,
                "the most until then, MB, " + when,
                "%.0f",
                usage.peakResidentBytes() / MEGABYTE,
                AgentProof.MOST_MEGABYTES);
    }
}
