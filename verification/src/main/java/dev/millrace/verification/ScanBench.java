package dev.millrace.verification;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/// The span path's innermost loop: scan, validate and split.
final class ScanBench {

    private static final double TARGET = 2_000_000;

    private ScanBench() {}

    static void run(Path directory, Figures figures) throws IOException, InterruptedException {
        var scores = new JmhRun("wire/otlp", "TraceSplitterBenchmark.split").measure(directory);
        figures.atLeast(
                "scan-validate-split",
                "spans/s on one core",
                "%,.0f",
                Objects.requireNonNull(scores.get("split"), "split: no score (expected: one)"),
                TARGET);
    }
}
