package dev.millrace.verification;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// What writing to a store costs, what it takes on disk, and how fast it answers: each store filled
/// with each number of spans by one process, and asked by a second one that opens what the first
/// has left, on the same server where there is one.
final class StoreBench {

    private static final double PER_CORE_TARGET = 80_000;
    private static final double DISK_TARGET = 90;
    private static final double TRACE_TARGET = 5;
    private static final double SEARCH_TARGET = 100;
    private static final double OPEN_TARGET = 2;

    /// What targets are for.
    private static final long TARGET_SPANS = 10_000_000;

    private static final int PATIENCE_MINUTES = 120;

    private static final Map<String, String> SEARCHES = new LinkedHashMap<>();

    static {
        SEARCHES.put("service", "20 newest of a service");
        SEARCHES.put("operation", "20 newest of a service and operation");
        SEARCHES.put("common", "20 newest with an attribute of 1 span in 3");
        SEARCHES.put("rare", "all with an attribute of 1 trace in 1,000,000");
        SEARCHES.put("slow-error", "20 newest with a failed span of 100 ms or longer");
    }

    private final Path directory;
    private final BenchOptions options;
    private final Figures figures;

    StoreBench(Path directory, BenchOptions options, Figures figures) {
        this.directory = directory;
        this.options = options;
        this.figures = figures;
    }

    void run() throws IOException, InterruptedException {
        for (var store : options.stores()) {
            for (long spans : options.storeSpans()) {
                Path files = directory.resolve("store-" + store.word() + "-" + spans);
                String part = "store %s, %,d spans".formatted(store.word(), spans);
                Files.createDirectories(files);
                // Its files stay where it is given up in the middle, to be looked at.
                var host = store.launch(files);
                var written = measure("write", store, spans, host, files);
                host.flush();
                boolean aimed = store == StoresUnderMeasurement.LOCAL && spans == TARGET_SPANS;
                tellWriting(part, aimed, written, (double) host.bytes() / spans);
                tellAsking(part, aimed, measure("ask", store, spans, host, files));
                if (!options.keep()) {
                    host.close();
                }
            }
        }
    }

    private void tellWriting(
            String part, boolean aimed, Map<String, Double> found, double bytesOnDisk) {
        if (aimed) {
            figures.atLeast(
                    part,
                    "spans/s written per core used",
                    "%,.0f",
                    value(found, "per-core"),
                    PER_CORE_TARGET);
        } else {
            figures.add(part, "spans/s written per core used", "%,.0f", value(found, "per-core"));
        }
        figures.add(part, "spans/s written", "%,.0f", value(found, "per-second"));
        figures.add(
                part,
                "bytes per span as they come, with resources",
                "%.0f",
                value(found, "bytes-in"));
        atMost(part, "bytes on disk per span", "%.1f", bytesOnDisk, aimed, DISK_TARGET);
        figures.add(
                part,
                "peak resident memory when writing, MB",
                "%,.0f",
                value(found, "peak-megabytes"));
        var serverPeak = found.get("server-peak-megabytes");
        if (serverPeak != null) {
            figures.add(
                    part,
                    "the server's share of the CPU, %",
                    "%.0f",
                    value(found, "server-cpu") * 100);
            figures.add(part, "peak resident memory of the server, MB", "%,.0f", serverPeak);
            figures.add(part, "writes tried again", "%,.0f", value(found, "retries"));
        }
        figures.add(part, "load of the machine when writing", "%.1f", value(found, "load"));
    }

    private void tellAsking(String part, boolean aimed, Map<String, Double> found) {
        atMost(part, "s to open", "%.2f", value(found, "open-seconds"), aimed, OPEN_TARGET);
        figures.add(
                part,
                "s of CPU to open, in the opening thread",
                "%.2f",
                value(found, "open-cpu-seconds"));
        figures.add(part, "trace by id: p50, ms", "%.2f", value(found, "trace-p50"));
        atMost(
                part,
                "trace by id: p99, ms",
                "%.2f",
                value(found, "trace-p99"),
                aimed,
                TRACE_TARGET);
        tellCpu(part, "trace by id", value(found, "trace-cpu-p99"));
        SEARCHES.forEach((key, what) -> {
            figures.add(part, what + ": p50, ms", "%.2f", value(found, key + "-p50"));
            atMost(
                    part,
                    what + ": p99, ms",
                    "%.2f",
                    value(found, key + "-p99"),
                    aimed,
                    SEARCH_TARGET);
            tellCpu(part, what, value(found, key + "-cpu-p99"));
        });
        figures.add(
                part,
                "services, then operations of one: p99, ms",
                "%.2f",
                value(found, "names-p99"));
        figures.add(part, "live heap when open, MB", "%.0f", value(found, "heap-megabytes"));
        figures.add(part, "load of the machine when asking", "%.1f", value(found, "load"));
    }

    // Holds on a machine that has other work, which the time does not.
    private void tellCpu(String part, String what, double value) {
        figures.add(part, what + ": p99 of CPU in the asking thread, ms", "%.2f", value);
    }

    private void atMost(
            String part, String what, String pattern, double value, boolean aimed, double target) {
        if (aimed) {
            figures.atMost(part, what, pattern, value, target);
        } else {
            figures.add(part, what, pattern, value);
        }
    }

    private static double value(Map<String, Double> found, String name) {
        var value = found.get(name);
        if (value == null) {
            throw new IllegalStateException("no figure " + name + " (expected: one)");
        }
        return value;
    }

    private Map<String, Double> measure(
            String what, StoresUnderMeasurement store, long spans, StoreHost host, Path files)
            throws IOException, InterruptedException {
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(
                List.of(
                        "-Xmx512m",
                        "-XX:+UseCompactObjectHeaders",
                        "--enable-native-access=ALL-UNNAMED",
                        "--add-modules=jdk.incubator.vector",
                        "-cp",
                        System.getProperty("java.class.path")));
        if (options.profile()) {
            line.add(
                    "-XX:StartFlightRecording=settings=profile,filename="
                            + files.resolveSibling(files.getFileName() + "-" + what + ".jfr"));
        }
        line.addAll(
                List.of(
                        StoreMeasurement.class.getName(),
                        what,
                        store.word(),
                        Long.toString(spans),
                        host.place(),
                        Long.toString(host.pid())));
        var process =
                new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var found = new LinkedHashMap<String, Double>();
        try (var output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String text = output.readLine(); text != null; text = output.readLine()) {
                String[] words = text.split("\t", -1);
                if (words.length == 3 && words[0].equals("figure")) {
                    found.put(words[1], Double.parseDouble(words[2]));
                }
            }
        }
        if (!process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IllegalStateException("measuring " + store.word() + " failed: " + what);
        }
        // The next step may be hours away, and may fail.
        System.out.println(files.getFileName() + ", " + what + ": " + found);
        return found;
    }
}
