package dev.millrace.verification;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// What turns others' formats into OTLP and back, the head sampler behind it, and the figures of
/// complete traces.
final class CodecBench {

    private static final List<JmhRun> RUNS =
            List.of(
                    new JmhRun("wire/zipkin", "ZipkinBenchmark"),
                    new JmhRun("wire/jaeger", "JaegerBenchmark"),
                    new JmhRun("sampling", "HeadSamplerBenchmark"),
                    new JmhRun("analysis", "FiguresBenchmark"));

    private CodecBench() {}

    static void run(Path directory, Figures figures) throws IOException, InterruptedException {
        for (var run : RUNS) {
            run.measure(directory)
                    .forEach((method, score) ->
                            figures.add(
                                    run.benchmark().replace("Benchmark", "") + "." + method,
                                    "spans/s on one core",
                                    "%,.0f",
                                    score));
        }
    }
}
