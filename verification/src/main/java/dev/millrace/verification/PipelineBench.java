package dev.millrace.verification;

import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.LoadRun;
import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// The roles one after the other, each in a process of its own, and each on what the one before has
/// left in the log. The load generator runs in this process.
///
/// Everything is asked of the processes from outside: their CPU and memory of the kernel, their
/// progress of their metrics.
final class PipelineBench implements AutoCloseable {

    private static final double COLLECTOR_TARGET = 300_000;
    private static final double INGESTER_TARGET = 60_000;

    /// What is sent, or done, before anything is measured.
    private static final double WARM_UP_SHARE = 0.2;

    private static final long SEED = 1;
    private static final int CONCURRENCY = 16;

    /// Seldom, because telling its metrics costs the measured process CPU.
    private static final Duration POLL = Duration.ofSeconds(1);

    private static final Duration FILL = Duration.ofSeconds(40);
    private static final Duration PATIENCE = Duration.ofMinutes(8);
    private static final Duration SETTLE = Duration.ofSeconds(20);

    private final Path directory;
    private final BenchOptions options;
    private final Figures figures;
    private final List<MillraceProcess> processes = new ArrayList<>();
    private final MillraceProcess broker;
    private double total;

    /// @param directory an empty one
    PipelineBench(Path directory, BenchOptions options, Figures figures) {
        this.directory = directory;
        this.options = options;
        this.figures = figures;
        this.broker = role("broker", "", Map.of(), "broker");
    }

    MillraceProcess role(
            String name, String javaOptions, Map<String, String> settings, String... command) {
        var all = new HashMap<>(settings);
        all.put("log.level", "warn");
        if (!processes.isEmpty()) {
            all.put("broker.port", broker.setting("broker.port"));
        }
        String profile =
                options.profile()
                        ? " -Xlog:jfr+startup=off -XX:StartFlightRecording=settings=profile,filename="
                                + directory.resolve(name + ".jfr")
                        : "";
        var process =
                new MillraceProcess(
                        name,
                        directory.resolve(command[0].equals("up") ? "ingester" : name),
                        Program.assembled((javaOptions + profile).strip()),
                        List.of(command),
                        all);
        processes.add(process);
        return process;
    }

    void start() throws IOException, InterruptedException {
        broker.start();
    }

    /// Takes in spans as fast as it can, into topics of its own.
    void collector() throws IOException, InterruptedException {
        var collector = role("collector", "", Map.of("topics.prefix", "full-speed-"), "collector");
        collector.start();
        load(collector, SEED + 1, 0, (long) (options.spans() * WARM_UP_SHARE));
        var before = Sample.of(collector, "millrace_spans_received_total", broker);
        double generatorBefore = ProcessUsage.ofThisProcess().cpuSeconds();
        var report = load(collector, SEED, 0, options.spans());
        double generator = ProcessUsage.ofThisProcess().cpuSeconds() - generatorBefore;
        var after = Sample.of(collector, "millrace_spans_received_total", broker);
        String part = "collector";
        figures.add(part, "spans/s acknowledged", "%,.0f", report.spansPerSecond());
        figures.add(part, "MB/s acknowledged", "%,.1f", report.megabytesPerSecond());
        cpu(part, before, after, COLLECTOR_TARGET);
        figures.add(
                part,
                "generator CPU s per million spans",
                "%.2f",
                generator / report.acknowledged() * 1e6);
        figures.add(part, "request p50, ms", "%.1f", report.p50().toNanos() / 1e6);
        figures.add(part, "request p99, ms", "%.1f", report.p99().toNanos() / 1e6);
        end(part, collector);
    }

    /// Fills `spans` with a log that is several quiet periods long, so that traces end while others
    /// begin, as they do in service.
    void fill() throws IOException, InterruptedException {
        var collector = role("fill", "", Map.of(), "collector");
        collector.start();
        long rate = options.spans() / FILL.toSeconds();
        total = load(collector, SEED, rate, options.spans()).acknowledged();
        collector.stop();
    }

    /// What is done under load.
    @FunctionalInterface
    interface Work<T> {
        T run() throws IOException, InterruptedException;
    }

    /// Does something while a collector takes spans steadily.
    <T> T underLoad(String name, Map<String, String> settings, long rate, Work<T> work)
            throws IOException, InterruptedException {
        try (var collector = role(name, "", settings, "collector")) {
            collector.start();
            try (var run =
                    new LoadRun(
                            config(collector, SEED, rate).build(),
                            Clock.systemUTC(),
                            System::nanoTime,
                            _ -> {})) {
                var sending = Thread.ofPlatform().daemon().start(() -> send(run));
                try {
                    return work.run();
                } finally {
                    run.stop();
                    sending.join();
                }
            }
        }
    }

    private static void send(LoadRun run) {
        try {
            var _ = run.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// @param rate spans per second; 0 for as fast as it goes
    private LoadReport load(MillraceProcess collector, long seed, long rate, long spans)
            throws IOException, InterruptedException {
        var config = config(collector, seed, rate).totalSpans(spans).build();
        try (var run = new LoadRun(config, Clock.systemUTC(), System::nanoTime, _ -> {})) {
            var report = run.run();
            if (!report.isComplete()) {
                throw new IllegalStateException("not everything was acknowledged:\n" + report);
            }
            return report;
        }
    }

    private static LoadConfig.Builder config(MillraceProcess collector, long seed, long rate) {
        return LoadConfig.builder(collector.otlpGrpc())
                .traffic(LoadConfig.Traffic.BENCHMARK)
                .seed(seed)
                .spansPerSecond(rate)
                .concurrency(CONCURRENCY);
    }

    /// Where an aggregator of that name writes, so that several can read one log.
    Map<String, String> outputs(String name) {
        return new HashMap<>(
                Map.of(
                        "aggregator.group",
                        name,
                        "topics.traces-complete.name",
                        name + "-traces",
                        "topics.sampling-decisions.name",
                        name + "-decisions",
                        // Its first version, which holds from the beginning of the log, is its own.
                        "topics.sampling-control.name",
                        name + "-control",
                        "topics.ledger.name",
                        name + "-ledger",
                        "topics.dependencies.name",
                        name + "-dependencies"));
    }

    /// How many spans are in the log.
    double total() {
        return total;
    }

    String bootstrapServers() {
        return broker.bootstrapServers();
    }

    Sample sample(MillraceProcess process, String metric) throws IOException, InterruptedException {
        return Sample.of(process, metric, broker);
    }

    /// Reads `traces-complete` and fills the store.
    void ingester() throws IOException, InterruptedException {
        var ingester = role("ingester", "", Map.of(), "ingester");
        ingester.start();
        long joined = System.nanoTime();
        String part = "ingester";
        String done = "millrace_spans_stored_total";
        var first = await(ingester, done, WARM_UP_SHARE);
        var last = await(ingester, done, 1);
        figures.add(part, "spans/s", "%,.0f", first.perSecondTo(last));
        // Merges still under way belong to what was written.
        var settled = settled(ingester, done, last);
        cpu(part, first, settled, INGESTER_TARGET);
        figures.add(part, "spans measured", "%,.0f", first.doneUntil(last));
        figures.add(part, "s from joining to lag 0", "%.1f", (last.nanos() - joined) / 1e9);
        Path store = Path.of(ingester.setting("data-dir"), "store");
        figures.add(part, "bytes on disk per span", "%.1f", bytes(store) / total);
        end(part, ingester);
    }

    /// Asks the store.
    void query() throws IOException, InterruptedException {
        var query = role("query", "", Map.of(), "up", "--roles", "ingester,query");
        query.start();
        try (var http = HttpClient.newHttpClient()) {
            new QueryBench(http, query.query(), SEED, figures).run();
        }
        end("query", query);
    }

    void cpu(String part, Sample from, Sample to, double target) {
        double seconds = from.cpuPerMillionTo(to);
        figures.add(part, "CPU s per million spans", "%.2f", seconds);
        figures.atLeast(part, "spans/s per core used", "%,.0f", 1e6 / seconds, target);
        figures.add(part, "broker CPU s per million spans", "%.2f", from.brokerCpuPerMillionTo(to));
    }

    private void end(String part, MillraceProcess process)
            throws IOException, InterruptedException {
        double peak = ProcessUsage.of(process.pid()).peakResidentBytes() / 1e6;
        figures.add(part, "peak resident memory, MB", "%,.0f", peak);
        process.stop();
    }

    Sample await(MillraceProcess process, String metric, double share)
            throws IOException, InterruptedException {
        long began = System.nanoTime();
        var sample = Sample.of(process, metric, broker);
        while (sample.done() < total * share) {
            pause(sample, began, process);
            sample = Sample.of(process, metric, broker);
        }
        return sample;
    }

    static void pause(Sample sample, long began, MillraceProcess process) {
        if (sample.nanos() - began > PATIENCE.toNanos()) {
            throw new IllegalStateException(
                    "only %,.0f spans within %s%n%s"
                            .formatted(sample.done(), PATIENCE, process.tail()));
        }
        LockSupport.parkNanos(POLL.toNanos());
    }

    private Sample settled(MillraceProcess process, String metric, Sample from)
            throws IOException, InterruptedException {
        var before = from;
        while (true) {
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            var now = Sample.of(process, metric, broker);
            boolean idle = now.cpuSeconds() - before.cpuSeconds() < 0.1;
            if (idle || now.nanos() - from.nanos() > SETTLE.toNanos()) {
                return now;
            }
            before = now;
        }
    }

    private static double bytes(Path folder) throws IOException {
        long bytes = 0;
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    @Override
    public void close() {
        for (var process : processes.reversed()) {
            process.close();
        }
    }
}
