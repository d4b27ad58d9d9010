package dev.millrace.verification;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What `./dev bench` can be told.
///
/// @param parts which to run; what an earlier part fills the log with is needed by the later ones
/// @param spans to send
/// @param variants of receivers to measure
/// @param seconds to measure each of them
/// @param rounds how often each of the aggregators that are compared reads the log
/// @param aggregatorHeap the aggregator's Java heap, such as `2g`
/// @param aggregatorMemory what of it is for open traces, such as `1GiB`
/// @param stores to measure
/// @param storeSpans the numbers of spans to fill each of them with
/// @param traceSpans of the largest trace that the page opens
/// @param report the name of the report to write; empty for none
/// @param profile whether processes record what they do, for Java's Flight Recorder
/// @param keep whether the data and the recordings stay
record BenchOptions(
        List<Part> parts,
        long spans,
        List<ReceiverVariant> variants,
        long seconds,
        int rounds,
        String aggregatorHeap,
        String aggregatorMemory,
        List<StoresUnderMeasurement> stores,
        List<Long> storeSpans,
        int traceSpans,
        String report,
        boolean profile,
        boolean keep) {

    /// What can be measured, in the order of the flow.
    enum Part {
        SCAN,
        CODECS,
        RECEIVERS,
        STORE,
        COLLECTOR,
        AGGREGATOR,
        INGESTER,
        QUERY,
        PENDING,
        CACHE,
        APIS,
        KAFKASTORE,
        UI,
        AGENT,
        START;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static final String USAGE =
            """
            ./dev bench [PART ...] [OPTION ...]
              PART               scan, codecs, receivers, store, collector, aggregator, ingester,
                                 query, pending, cache, apis, kafkastore, ui, agent or start; all
                                 without any
              --spans=N          spans to send (3000000)
              --heap=SIZE        the aggregator's Java heap (2g)
              --memory=SIZE      what of it is for open traces (1GiB)
              --rounds=N         how often each of the aggregators compared reads the log (3)
              --variants=A,B     receivers to measure: otlp-grpc, zipkin-json, packed, tls, ...; all without
              --seconds=N        to measure each of them for, after as much of warm-up at most (8)
              --stores=A,B       stores to measure: local, opensearch, elasticsearch, cassandra; all without
              --store-spans=N,M  what to fill each of them with (1000000,10000000)
              --trace-spans=N    the spans of the largest trace that the page opens (1000000)
              --report=NAME      write docs/reports/bench-NAME.md as well
              --profile          record all processes, and keep the recordings
              --keep             keep the data\
            """;

    static BenchOptions parse(List<String> arguments) {
        var parts = new ArrayList<Part>();
        long spans = 3_000_000;
        String variants = "";
        long seconds = 8;
        int rounds = 3;
        String heap = "2g";
        String memory = "1GiB";
        String stores = "";
        String storeSpans = "1000000,10000000";
        int traceSpans = 1_000_000;
        String report = "";
        boolean profile = false;
        boolean keep = false;
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            String name = equals < 0 ? argument : argument.substring(0, equals);
            String value = equals < 0 ? "" : argument.substring(equals + 1);
            switch (name) {
                case "--spans" -> spans = Long.parseLong(value);
                case "--variants" -> variants = value;
                case "--seconds" -> seconds = Long.parseLong(value);
                case "--rounds" -> rounds = Math.max(1, Integer.parseInt(value));
                case "--heap" -> heap = value;
                case "--memory" -> memory = value;
                case "--stores" -> stores = value;
                case "--store-spans" -> storeSpans = value;
                case "--trace-spans" -> traceSpans = Integer.parseInt(value);
                case "--report" -> report = value;
                case "--profile" -> profile = true;
                case "--keep" -> keep = true;
                default -> parts.add(part(argument));
            }
        }
        return new BenchOptions(
                parts.isEmpty() ? List.of(Part.values()) : List.copyOf(parts),
                spans,
                ReceiverVariant.named(variants),
                seconds,
                rounds,
                heap,
                memory,
                StoresUnderMeasurement.named(stores),
                List.of(storeSpans.split(",")).stream().map(Long::valueOf).toList(),
                traceSpans,
                report,
                profile,
                keep);
    }

    private static Part part(String word) {
        for (var part : Part.values()) {
            if (part.word().equals(word)) {
                return part;
            }
        }
        throw new IllegalArgumentException(
                "argument: " + word + " (expected: a part or an option)\n" + USAGE);
    }

    boolean wants(Part part) {
        return parts.contains(part);
    }

    /// Whether a part must run for its own figures or for what it leaves to a later one.
    boolean needs(Part part) {
        return parts.stream()
                .filter(wanted -> wanted.compareTo(Part.PENDING) < 0)
                .anyMatch(wanted -> wanted.compareTo(part) >= 0);
    }
}
