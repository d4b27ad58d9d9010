package dev.millrace.verification;

import dev.millrace.load.ClientTls;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.LoadRun;
import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;

/// What a span costs the collector until Kafka has it, by the way it comes.
///
/// Every variant has a collector process and topics of its own, on one broker, and is warmed up
/// before it is measured. Requests are of 512 spans of 420 bytes in OTLP; the same spans are sent
/// in every protocol.
final class ReceiverBench {

    private static final double TRACE_ID_TARGET = 300_000;
    private static final double PACKED_TARGET = 500_000;
    private static final double ZIPKIN_TARGET = 5;
    private static final String RECEIVED = "millrace_spans_received_total";
    private static final long WARM_UP_SPANS = 800_000;
    private static final int CONCURRENCY = 16;
    private static final long SEED = 1;
    private static final long DELETE_SECONDS = 30;

    /// What was measured of one variant.
    private record Row(
            ReceiverVariant variant,
            double cpuPerMillion,
            double brokerCpuPerMillion,
            double generatorCpuPerMillion,
            LoadReport report) {

        double spansPerCore() {
            return 1e6 / cpuPerMillion;
        }
    }

    private final Path directory;
    private final BenchOptions options;
    private final Figures figures;
    private final List<Row> rows = new ArrayList<>();

    /// @param directory an empty one
    ReceiverBench(Path directory, BenchOptions options, Figures figures) {
        this.directory = directory;
        this.options = options;
        this.figures = figures;
    }

    void run() throws IOException, InterruptedException {
        var broker =
                new MillraceProcess(
                        "broker",
                        directory.resolve("broker"),
                        Program.assembled(""),
                        List.of("broker"),
                        Map.of("log.level", "warn"));
        try (broker) {
            broker.start();
            for (var variant : options.variants()) {
                System.err.println("  " + variant.name());
                rows.add(measure(variant, broker));
                deleteTopics(broker);
            }
        } finally {
            report();
        }
    }

    private Row measure(ReceiverVariant variant, MillraceProcess broker)
            throws IOException, InterruptedException {
        Path own = directory.resolve(variant.name());
        var guard = BenchGuard.create(variant.guard(), own);
        var settings = new HashMap<>(variant.settings());
        settings.putAll(guard.settings());
        settings.put("log.level", "warn");
        settings.put("broker.port", broker.setting("broker.port"));
        settings.put("topics.prefix", variant.name() + "-");
        String profile =
                options.profile()
                        ? "-Xlog:jfr+startup=off -XX:StartFlightRecording=settings=profile,filename="
                                + directory.resolve(variant.name() + ".jfr")
                        : "";
        var collector =
                new MillraceProcess(
                        "collector",
                        own,
                        Program.assembled(profile),
                        List.of("collector"),
                        settings);
        try (collector) {
            collector.start();
            // As long at most, and no longer than until the compiler has done most of its work.
            var _ = load(variant, guard, collector, SEED + 1, WARM_UP_SPANS);
            var before = Sample.of(collector, RECEIVED, broker);
            double generatorBefore = ProcessUsage.ofThisProcess().cpuSeconds();
            var report = load(variant, guard, collector, SEED, 0);
            double generator = ProcessUsage.ofThisProcess().cpuSeconds() - generatorBefore;
            var after = Sample.of(collector, RECEIVED, broker);
            if (Math.round(before.doneUntil(after)) != report.acknowledged()) {
                throw new IllegalStateException(
                        "%s: %,.0f spans received (expected: %,d as acknowledged)"
                                .formatted(
                                        variant.name(),
                                        before.doneUntil(after),
                                        report.acknowledged()));
            }
            collector.stop();
            return new Row(
                    variant,
                    before.cpuPerMillionTo(after),
                    before.brokerCpuPerMillionTo(after),
                    generator / report.acknowledged() * 1e6,
                    report);
        }
    }

    /// @param spans to send at most; 0 for as many as time allows
    private LoadReport load(
            ReceiverVariant variant,
            BenchGuard guard,
            MillraceProcess collector,
            long seed,
            long spans)
            throws IOException, InterruptedException {
        URI plain = collector.target(variant.protocol());
        URI target =
                guard.tls().equals(ClientTls.NONE)
                        ? plain
                        : URI.create("https://localhost:" + plain.getPort());
        var config =
                LoadConfig.builder(target)
                        .protocol(variant.protocol())
                        .traffic(LoadConfig.Traffic.BENCHMARK)
                        .seed(seed)
                        .spansPerSecond(0)
                        .duration(Duration.ofSeconds(options.seconds()))
                        .totalSpans(spans)
                        .concurrency(CONCURRENCY)
                        .gzip(variant.gzip())
                        .headers(guard.headers())
                        .tls(guard.tls())
                        .build();
        try (var run = new LoadRun(config, Clock.systemUTC(), System::nanoTime, _ -> {})) {
            var report = run.run();
            if (!report.isComplete()) {
                throw new IllegalStateException(
                        variant.name()
                                + ": not everything was acknowledged:\n"
                                + report
                                + "\n"
                                + collector.tail());
            }
            return report;
        }
    }

    // What one variant has written is only in the way of the next.
    private static void deleteTopics(MillraceProcess broker) throws InterruptedException {
        try (var admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            var names = admin.listTopics().names().get(DELETE_SECONDS, TimeUnit.SECONDS);
            admin.deleteTopics(names).all().get(DELETE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("topics not deleted", e);
        }
    }

    private void report() {
        for (var row : rows) {
            String part = "receiver " + row.variant.name();
            String perCore = "spans/s per core used";
            switch (row.variant.name()) {
                case "otlp-grpc", "otlp-http" ->
                        figures.atLeast(
                                part, perCore, "%,.0f", row.spansPerCore(), TRACE_ID_TARGET);
                case "packed" ->
                        figures.atLeast(part, perCore, "%,.0f", row.spansPerCore(), PACKED_TARGET);
                case "zipkin-json" ->
                        figures.atMost(
                                part,
                                "CPU s per million spans",
                                "%.2f",
                                row.cpuPerMillion(),
                                ZIPKIN_TARGET);
                default -> {}
            }
        }
        if (!rows.isEmpty()) {
            figures.append(table());
        }
    }

    private String table() {
        double plain =
                rows.stream()
                        .filter(row -> row.variant.equals(ReceiverVariant.PLAIN))
                        .mapToDouble(Row::cpuPerMillion)
                        .findFirst()
                        .orElse(Double.NaN);
        var table =
                new StringBuilder(
                        """
                        | receiver | CPU s per million spans | times otlp-grpc | spans/s per core used | spans/s | p99, ms | broker CPU s per million | generator CPU s per million |
                        |---|--:|--:|--:|--:|--:|--:|--:|
                        """);
        for (var row : rows) {
            table.append(
                    String.format(
                            Locale.ROOT,
                            "| %s | %.2f | %.2f | %,.0f | %,.0f | %.0f | %.2f | %.2f |%n",
                            row.variant.name(),
                            row.cpuPerMillion(),
                            row.cpuPerMillion() / plain,
                            row.spansPerCore(),
                            row.report.spansPerSecond(),
                            row.report.p99().toNanos() / 1e6,
                            row.brokerCpuPerMillion(),
                            row.generatorCpuPerMillion()));
        }
        return table.toString();
    }
}
