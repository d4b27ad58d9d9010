package dev.millrace.verification;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// The span path's innermost loop, scan, validate and split, by JMH in a process of its own.
final class ScanBench {

    private static final long TARGET = 2_000_000;
    private static final Path MODULE = Path.of("wire/otlp/target");
    private static final Pattern SCORE = Pattern.compile("\"score\" : ([0-9.E+]+)");

    private ScanBench() {}

    static void run(Path directory, Figures figures) throws IOException, InterruptedException {
        Path result = directory.resolve("jmh.json");
        Path log = directory.resolve("jmh.log");
        String classPath =
                String.join(
                        ":",
                        MODULE.resolve("test-classes").toString(),
                        MODULE.resolve("classes").toString(),
                        Files.readString(MODULE.resolve("classpath")).strip());
        var line =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        "org.openjdk.jmh.Main",
                        "TraceSplitterBenchmark",
                        "-wi",
                        "3",
                        "-w",
                        "2s",
                        "-i",
                        "5",
                        "-r",
                        "2s",
                        "-rf",
                        "json",
                        "-rff",
                        result.toString());
        var process =
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        if (!process.waitFor(3, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IllegalStateException("JMH failed:\n" + Files.readString(log));
        }
        var score = SCORE.matcher(Files.readString(result));
        if (!score.find()) {
            throw new IllegalStateException(result + ": no score (expected: one)");
        }
        figures.atLeast(
                "scan-validate-split",
                "spans/s on one core",
                "%,.0f",
                Double.parseDouble(score.group(1)),
                TARGET);
    }
}
