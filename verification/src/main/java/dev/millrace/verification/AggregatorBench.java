package dev.millrace.verification;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;

/// What verdicts cost: aggregators with different policies read the same log by turns.
///
/// Other work on the machine disturbs all of them alike when it lasts, so what is compared is one
/// run with that of the other policy next to it.
final class AggregatorBench {

    private static final double PER_CORE_TARGET = 200_000;
    private static final double MOST_COST = 25;

    /// What is read before anything is measured.
    private static final double WARM_UP_SHARE = 0.2;

    private static final String READ = "millrace_aggregator_records_total";
    private static final String DONE = "millrace_aggregator_spans_completed_total";
    private static final String DECIDED = "millrace_sampling_tail_spans_total";

    private enum Variant {
        KEEP_ALL("aggregator"),
        HYBRID("aggregator, hybrid"),
        TENTH("aggregator, 10 % kept"),
        /// Too little memory for the open traces: what reading them again costs.
        SMALL_HEAP("aggregator, 512 MB heap");

        private final String part;

        Variant(String part) {
            this.part = part;
        }

        private String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /// One reading of the log.
    ///
    /// @param load of the machine while it ended: how many wanted to run, averaged over a minute
    /// @param keptShare of the spans
    private record Run(
            Variant variant,
            Sample first,
            Sample last,
            double seconds,
            double keptShare,
            double letGo,
            double peakMegabytes,
            double load) {

        double cpu() {
            return first.cpuPerMillionTo(last);
        }

        /// What of another's throughput per CPU second this one does not have, in percent.
        double costAgainst(Run other) {
            return (1 - other.cpu() / cpu()) * 100;
        }
    }

    private final PipelineBench pipeline;
    private final BenchOptions options;
    private final Figures figures;
    private final Path directory;

    AggregatorBench(PipelineBench pipeline, BenchOptions options, Figures figures, Path directory) {
        this.pipeline = pipeline;
        this.options = options;
        this.figures = figures;
        this.directory = directory;
    }

    void run() throws IOException, InterruptedException {
        Map<Variant, List<Run>> runs = new EnumMap<>(Variant.class);
        for (int round = 0; round < options.rounds(); round++) {
            for (var variant : List.of(Variant.KEEP_ALL, Variant.HYBRID, Variant.TENTH)) {
                runs.computeIfAbsent(variant, _ -> new ArrayList<>()).add(read(variant, round));
            }
        }
        runs.put(Variant.SMALL_HEAP, List.of(read(Variant.SMALL_HEAP, 0)));
        var keepAll = runs.getOrDefault(Variant.KEEP_ALL, List.of());
        runs.forEach((variant, all) -> tell(variant, all, keepAll));
        figures.append(table(runs));
    }

    private void tell(Variant variant, List<Run> runs, List<Run> keepAll) {
        var byCpu = runs.stream().sorted(Comparator.comparingDouble(Run::cpu)).toList();
        var median = byCpu.get(byCpu.size() / 2);
        String part = variant.part;
        figures.add(part, "spans/s", "%,.0f", median.first().perSecondTo(median.last()));
        pipeline.cpu(part, median.first(), median.last(), PER_CORE_TARGET);
        figures.add(part, "spans kept, %", "%.1f", median.keptShare() * 100);
        figures.add(part, "times bodies were let go and read again", "%,.0f", median.letGo());
        figures.add(part, "spans measured", "%,.0f", median.first().doneUntil(median.last()));
        figures.add(part, "s from joining to lag 0", "%.1f", median.seconds());
        figures.add(part, "peak resident memory, MB", "%,.0f", median.peakMegabytes());
        if (variant == Variant.HYBRID) {
            double[] costs = new double[runs.size()];
            for (int i = 0; i < costs.length; i++) {
                costs[i] = runs.get(i).costAgainst(keepAll.get(i));
            }
            figures.atMost(
                    part,
                    "throughput lost against keep-all, %, median of " + costs.length,
                    "%.0f",
                    DoubleStream.of(costs).sorted().toArray()[costs.length / 2],
                    MOST_COST);
        }
    }

    private static String table(Map<Variant, List<Run>> runs) {
        var table =
                new StringBuilder(
                        """
                        | run | policy | CPU s per million spans | broker's | spans/s per core | kept, % | load |
                        |--:|---|--:|--:|--:|--:|--:|
                        """);
        int most = runs.values().stream().mapToInt(List::size).max().orElse(0);
        for (int round = 0; round < most; round++) {
            for (var all : runs.values()) {
                if (round < all.size()) {
                    var run = all.get(round);
                    table.append(
                            String.format(
                                    Locale.ROOT,
                                    "| %d | %s | %.2f | %.2f | %,.0f | %.1f | %.1f |%n",
                                    round + 1,
                                    run.variant().part,
                                    run.cpu(),
                                    run.first().brokerCpuPerMillionTo(run.last()),
                                    1e6 / run.cpu(),
                                    run.keptShare() * 100,
                                    run.load()));
                }
            }
        }
        return table.toString();
    }

    /// Reads `spans` and fills topics of its own.
    ///
    /// A span counts as done when its trace is; those of the last quiet period are open meanwhile.
    /// So what is measured ends with the reading, before the waiting for the last traces.
    private Run read(Variant variant, int round) throws IOException, InterruptedException {
        String name = variant.word() + "-" + (round + 1);
        var aggregator =
                pipeline.role(
                        "aggregator-" + name,
                        variant == Variant.SMALL_HEAP ? "" : "-Xmx" + options.aggregatorHeap(),
                        settings(variant, name),
                        "aggregator");
        double total = pipeline.total();
        aggregator.start();
        long joined = System.nanoTime();
        var first = pipeline.await(aggregator, DONE, WARM_UP_SHARE);
        double readBefore = aggregator.metric(READ);
        double read = readBefore;
        var last = first;
        var sample = first;
        while (sample.done() < total) {
            PipelineBench.pause(sample, joined, aggregator);
            sample = pipeline.sample(aggregator, DONE);
            double nowRead = aggregator.metric(READ);
            if (nowRead > read + 100) { // a few of them are the markers that end the waiting
                read = nowRead;
                last = sample;
            }
        }
        if (aggregator.metric("millrace_aggregator_rebuilds_total") > 0) {
            // What was given up and done again was counted twice.
            throw new IllegalStateException("its state was rebuilt:\n" + aggregator.tail());
        }
        // Partitions are not read evenly, so traces of some may end while others are still read: a
        // span counts only when it was both read and given out in the time measured.
        double spansRead = (read - readBefore) / aggregator.metric(READ) * total;
        if (spansRead < first.doneUntil(last)) {
            last = last.withDone(first.done() + spansRead);
        }
        var run =
                new Run(
                        variant,
                        first,
                        last,
                        (last.nanos() - joined) / 1e9,
                        aggregator.metric(DECIDED, "verdict=\"kept\"") / aggregator.metric(DECIDED),
                        aggregator.metric("millrace_aggregator_let_go_total"),
                        ProcessUsage.of(aggregator.pid()).peakResidentBytes() / 1e6,
                        ProcessUsage.machineLoad());
        aggregator.stop();
        return run;
    }

    private static String policy(Variant variant) {
        return switch (variant) {
            case KEEP_ALL, SMALL_HEAP -> "preset: keep-all";
            case HYBRID -> "preset: hybrid";
            case TENTH -> "rules:\n  - name: rest\n    keep: 10%\n";
        };
    }

    private Map<String, String> settings(Variant variant, String name) throws IOException {
        var settings = pipeline.outputs(name);
        if (variant != Variant.SMALL_HEAP) {
            settings.put("aggregator.max-memory", options.aggregatorMemory());
        }
        switch (variant) {
            case KEEP_ALL, SMALL_HEAP -> {}
            case HYBRID, TENTH -> {
                Path file = directory.resolve(variant.word() + ".yaml");
                Files.writeString(file, policy(variant));
                settings.put("sampling.tail.policy-file", file.toString());
            }
        }
        if (variant == Variant.KEEP_ALL && name.endsWith("-1")) {
            // What the ingester reads afterwards.
            settings.keySet().removeIf(key -> key.startsWith("topics."));
        }
        return settings;
    }
}
