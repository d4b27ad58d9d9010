package dev.millrace.verification;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// What the heap holds for each span that waits for the end of its trace, and how that grows with
/// the quiet period.
///
/// A log of one rate is read to its end; then as many spans are pending as the quiet period is long
/// and the heap is measured after a collection.
final class PendingBench {

    private static final Duration SHORT = Duration.ofSeconds(10);

    /// At the end nothing is pending.
    private static final Duration NONE = Duration.ofSeconds(1);

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final String PART = "pending spans";

    /// Spans per second in the log: enough that what is fixed is small beside what grows.
    private static final long RATE = 10_000;

    private static final String TOPICS = "pending-";

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
    private double total;

    PendingBench(PipelineBench pipeline, Figures figures) {
        this.pipeline = pipeline;
        this.figures = figures;
    }

    void run() throws IOException, InterruptedException {
        long spans = RATE * (LONG.toSeconds() + 5);
        total = pipeline.fill("fill-pending", Map.of("topics.prefix", TOPICS), RATE, spans);
        var table =
                new StringBuilder(
                        """
                        | quiet period | bodies | pending spans | their bodies held, MB | live heap, MB | heap per pending span, bytes |
                        |---|---|--:|--:|--:|--:|
                        """);
        // A process that is still there when traces fall due moves the log's time by markers, and
        // then nothing is pending for those that read it later.
        var heaps = new EnumMap<Bodies, List<Heap>>(Bodies.class);
        for (var quiet : List.of(LONG, SHORT, NONE)) {
            for (var bodies : Bodies.values()) {
                heaps.computeIfAbsent(bodies, _ -> new ArrayList<>())
                        .add(measure(bodies, quiet, quiet.equals(NONE)));
            }
        }
        heaps.forEach((bodies, measured) -> {
            var nothing = measured.get(2);
            row(table, LONG, bodies, measured.get(0), nothing);
            row(table, SHORT, bodies, measured.get(1), nothing);
            row(table, NONE, bodies, nothing, nothing);
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
            StringBuilder table, Duration quiet, Bodies bodies, Heap heap, Heap nothing) {
        double each = (heap.live() - nothing.live()) / Math.max(1, heap.spans());
        table.append(
                String.format(
                        Locale.ROOT,
                        "| %d s | %s | %,.0f | %,.1f | %,.1f | %s |%n",
                        quiet.toSeconds(),
                        bodies.word,
                        heap.spans(),
                        heap.bytes() / 1e6,
                        heap.live() / 1e6,
                        heap.spans() == 0 ? "" : String.format(Locale.ROOT, "%,.0f", each)));
    }

    /// Kills the reader before it completes anything, unless that is wanted.
    ///
    /// @param empty whether to wait until nothing is pending
    private Heap measure(Bodies bodies, Duration quiet, boolean empty)
            throws IOException, InterruptedException {
        String name = bodies.word.replace(' ', '-') + "-" + quiet.toSeconds();
        var settings = new HashMap<>(pipeline.outputs(name));
        settings.put("topics.prefix", TOPICS);
        settings.put("aggregator.quiet-period", quiet.toSeconds() + "s");
        settings.put("aggregator.max-memory", bodies.memory);
        try (var aggregator = pipeline.role("pending-" + name, "-Xmx3g", settings, "aggregator")) {
            aggregator.start();
            long began = System.nanoTime();
            double read = -1;
            while (true) {
                double nowRead = aggregator.metric("millrace_aggregator_records_total");
                double before = pending(aggregator);
                if (empty ? before == 0 : nowRead > 0 && nowRead == read) {
                    double live = aggregator.liveHeap();
                    // Unless traces were completed meanwhile.
                    if (pending(aggregator) == before) {
                        return new Heap(
                                before, aggregator.metric("millrace_aggregator_open_bytes"), live);
                    }
                }
                read = nowRead;
                if (System.nanoTime() - began > PATIENCE.toNanos()) {
                    throw new IllegalStateException(
                            "still reading after " + PATIENCE + "\n" + aggregator.tail());
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        }
    }

    private double pending(MillraceProcess aggregator) throws IOException, InterruptedException {
        return total - aggregator.metric("millrace_aggregator_spans_completed_total");
    }
}
