package dev.millrace.verification;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// What the heap holds for each span that waits for the end of its trace, and how that grows with
/// the quiet period.
///
/// Spans come at one rate, so as many are pending as the quiet period is long. The heap is measured
/// after a collection; what it holds besides pending spans is told from what it holds when the
/// quiet period is shortest.
final class PendingBench {

    private static final Duration LEAST = Duration.ofSeconds(1);
    private static final Duration SHORT = Duration.ofSeconds(10);
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /// How long traces have been completed when the heap is measured.
    private static final Duration SETTLED = Duration.ofSeconds(10);

    private static final String PART = "pending spans";
    private static final String COMPLETED = "millrace_aggregator_spans_completed_total";
    private static final String OPEN_TRACES = "millrace_aggregator_open_traces";

    /// Spans per second: enough that what is fixed is small beside what grows.
    private static final long RATE = 10_000;

    /// All traces of the benchmark's traffic are alike.
    private static final int SPANS_PER_TRACE = 10;

    /// A heap at a moment.
    ///
    /// @param spans pending
    /// @param bytes of their bodies that are held
    private record Heap(double spans, double bytes, double live) {}

    /// Where bodies are.
    private enum Bodies {
        HELD("held", "1536MiB"),
        LET_GO("let go", "1MiB");

        private final String word;
        private final String memory;

        Bodies(String word, String memory) {
            this.word = word;
            this.memory = memory;
        }
    }

    private final PipelineBench pipeline;
    private final Figures figures;

    PendingBench(PipelineBench pipeline, Figures figures) {
        this.pipeline = pipeline;
        this.figures = figures;
    }

    void run() throws IOException, InterruptedException {
        var table =
                new StringBuilder(
                        """
                        | quiet period | bodies | pending spans | their bodies held, MB | live heap, MB | heap per pending span, bytes |
                        |---|---|--:|--:|--:|--:|
                        """);
        var heaps = new EnumMap<Bodies, List<Heap>>(Bodies.class);
        for (var quiet : List.of(LONG, SHORT, LEAST)) {
            for (var bodies : Bodies.values()) {
                heaps.computeIfAbsent(bodies, _ -> new ArrayList<>()).add(measure(bodies, quiet));
            }
        }
        heaps.forEach((bodies, measured) -> {
            var least = measured.get(2);
            row(table, LONG, bodies, measured.get(0), least);
            row(table, SHORT, bodies, measured.get(1), least);
            row(table, LEAST, bodies, least, least);
            figures.add(
                    PART,
                    "heap bytes each, bodies " + bodies.word + ": growth from 10 s to 60 s",
                    "%,.0f",
                    (measured.get(0).live() - measured.get(1).live())
                            / (measured.get(0).spans() - measured.get(1).spans()));
        });
        figures.append(table.toString());
    }

    private static void row(
            StringBuilder table, Duration quiet, Bodies bodies, Heap heap, Heap least) {
        double more = heap.spans() - least.spans();
        double each = more == 0 ? 0 : (heap.live() - least.live()) / more;
        table.append(
                String.format(
                        Locale.ROOT,
                        "| %d s | %s | %,.0f | %,.1f | %,.1f | %s |%n",
                        quiet.toSeconds(),
                        bodies.word,
                        heap.spans(),
                        heap.bytes() / 1e6,
                        heap.live() / 1e6,
                        more == 0 ? "" : String.format(Locale.ROOT, "%,.0f", each)));
    }

    /// Measures when as many spans are pending as the quiet period makes, which is soon after it is
    /// over for the first time.
    private Heap measure(Bodies bodies, Duration quiet) throws IOException, InterruptedException {
        String name = "pending-" + bodies.word.replace(' ', '-') + "-" + quiet.toSeconds();
        var settings =
                Map.of(
                        "topics.prefix", name + "-",
                        "aggregator.quiet-period", quiet.toSeconds() + "s",
                        "aggregator.max-memory", bodies.memory);
        try (var aggregator = pipeline.role(name, "-Xmx3g", settings, "aggregator")) {
            aggregator.start();
            return pipeline.underLoad(
                    "fill-" + name, settings, RATE, () -> measure(aggregator, quiet));
        }
    }

    private static Heap measure(MillraceProcess aggregator, Duration quiet)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + quiet.plus(PATIENCE).toNanos();
        while (aggregator.metric(COMPLETED) < RATE * SETTLED.toSeconds()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "nothing completed within " + PATIENCE + "\n" + aggregator.tail());
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
        double traces = aggregator.metric(OPEN_TRACES);
        double live = aggregator.liveHeap();
        // Some are completed and others opened while the heap is measured.
        traces = (traces + aggregator.metric(OPEN_TRACES)) / 2;
        return new Heap(
                traces * SPANS_PER_TRACE,
                aggregator.metric("millrace_aggregator_open_bytes"),
                live);
    }
}
