package dev.millrace.verification;

import dev.millrace.verification.BenchOptions.Part;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/// Measures Millrace on this machine and prints one table.
///
/// CPU seconds hold on a machine that has other work, times do not.
public final class Bench {

    private static final int STARTS = 3;

    private Bench() {}

    public static void main(String[] arguments) throws Exception {
        var options = options(arguments);
        Path directory = Files.createTempDirectory("millrace-bench");
        boolean keep = options.keep() || options.profile();
        var figures = new Figures();
        try {
            try {
                measure(options, directory, figures);
            } finally {
                System.out.print(figures); // what there is, in any case
            }
            if (!options.report().isEmpty()) {
                write(options, String.join(" ", arguments), figures);
            }
        } finally {
            if (keep) {
                System.out.println("kept: " + directory);
            } else {
                Start.delete(directory);
            }
        }
        System.exit(0);
    }

    private static BenchOptions options(String[] arguments) {
        try {
            return BenchOptions.parse(List.of(arguments));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            throw e;
        }
    }

    private static void measure(BenchOptions options, Path directory, Figures figures)
            throws IOException, InterruptedException {
        if (options.wants(Part.SCAN)) {
            say(Part.SCAN);
            ScanBench.run(directory, figures);
        }
        if (options.wants(Part.CODECS)) {
            say(Part.CODECS);
            CodecBench.run(directory, figures);
        }
        if (options.wants(Part.RECEIVERS)) {
            say(Part.RECEIVERS);
            new ReceiverBench(directory.resolve("receivers"), options, figures).run();
        }
        if (options.wants(Part.STORE)) {
            say(Part.STORE);
            new StoreBench(directory, options, figures).run();
        }
        if (options.wants(Part.COLLECTOR)
                || options.needs(Part.AGGREGATOR)
                || options.wants(Part.PENDING)) {
            try (var pipeline = new PipelineBench(directory, options, figures)) {
                pipeline.start();
                if (options.wants(Part.COLLECTOR)) {
                    say(Part.COLLECTOR);
                    pipeline.collector();
                }
                if (options.needs(Part.AGGREGATOR)) {
                    say(Part.AGGREGATOR);
                    pipeline.fill();
                    new AggregatorBench(pipeline, options, figures, directory).run();
                }
                if (options.wants(Part.PENDING)) {
                    say(Part.PENDING);
                    new PendingBench(pipeline, figures).run();
                }
                if (options.needs(Part.INGESTER)) {
                    say(Part.INGESTER);
                    pipeline.ingester();
                }
                if (options.wants(Part.QUERY)) {
                    say(Part.QUERY);
                    pipeline.query();
                }
            }
        }
        if (options.wants(Part.CACHE)) {
            say(Part.CACHE);
            new CacheBench(directory.resolve("cache"), options, figures).run();
        }
        if (options.wants(Part.APIS)) {
            say(Part.APIS);
            new ApiBench(directory.resolve("apis"), options, figures).run();
        }
        if (options.wants(Part.KAFKASTORE)) {
            say(Part.KAFKASTORE);
            new KafkaStoreBench(directory.resolve("kafka-store"), options, figures).run();
        }
        if (options.wants(Part.UI)) {
            say(Part.UI);
            new UiBench(directory.resolve("ui"), options, figures).run();
        }
        if (options.wants(Part.AGENT)) {
            say(Part.AGENT);
            AgentBench.run(directory.resolve("agent"), figures);
        }
        if (options.wants(Part.START)) {
            say(Part.START);
            start(figures);
        }
    }

    private static void say(Part part) {
        System.err.println("Measuring: " + part.word() + " ...");
    }

    private static void start(Figures figures) throws IOException, InterruptedException {
        var starts = new ArrayList<Start>();
        try (var client = HttpClient.newHttpClient()) {
            for (int i = 0; i < STARTS; i++) {
                starts.add(Start.measure(client));
            }
        }
        figures.atMost(
                "start of all roles",
                "s to ready, median of " + STARTS,
                "%.1f",
                StartProof.medianUntilReady(starts).toMillis() / 1e3,
                (double) StartProof.LONGEST.toSeconds());
        figures.atMost(
                "start of all roles",
                "resident memory when idle, MB",
                "%,.0f",
                (double) StartProof.mostMegabytes(starts),
                (double) StartProof.MOST_MEGABYTES);
    }

    private static void write(BenchOptions options, String arguments, Figures figures)
            throws IOException {
        Path file = Path.of("docs/reports", "bench-" + options.report() + ".md");
        Files.createDirectories(file.getParent());
        Files.writeString(
                file,
                """
                # Benchmark: %s

                Command: `./dev bench %s`

                Machine: %s; %d cores; %s; %s; %.1f wanted to run during the last minute

                Date: %s

                %s\
                """
                        .formatted(
                                options.report(),
                                arguments,
                                cpuModel(),
                                Runtime.getRuntime().availableProcessors(),
                                System.getProperty("java.vm.vendor")
                                        + " JDK "
                                        + System.getProperty("java.vm.version"),
                                System.getProperty("os.name")
                                        + " "
                                        + System.getProperty("os.version"),
                                ProcessUsage.machineLoad(),
                                Instant.now().truncatedTo(ChronoUnit.MINUTES),
                                figures));
        System.out.println("written: " + file);
    }

    private static String cpuModel() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown CPU");
    }
}
