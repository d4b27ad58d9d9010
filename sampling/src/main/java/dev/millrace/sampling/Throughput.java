package dev.millrace.sampling;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/// How many traces began, by service and operation: those seen, and how many they stand for.
///
/// Bounded; what finds no room is counted. Several collectors' are merged by adding. Not safe for
/// threads.
public final class Throughput {

    private final int mostOperations;
    private final Map<Operation, Count> counts = new HashMap<>();
    private long overBound;

    /// One operation of one service.
    public record Operation(String service, String name) {}

    /// @param seen traces that arrived
    /// @param weight traces that began, sampled or not: each that arrived over its probability
    public record Count(long seen, double weight) {
        Count plus(Count other) {
            return new Count(seen + other.seen, weight + other.weight);
        }
    }

    /// @param mostOperations how many operations of all services together are told apart
    public Throughput(int mostOperations) {
        if (mostOperations < 1) {
            throw new IllegalArgumentException(
                    "operations: " + mostOperations + " (expected: at least 1)");
        }
        this.mostOperations = mostOperations;
    }

    public void add(Operation operation, Count count) {
        if (counts.containsKey(operation) || counts.size() < mostOperations) {
            counts.merge(operation, count, Count::plus);
        } else {
            overBound += count.seen();
        }
    }

    public void add(Throughput other) {
        other.counts.forEach(this::add);
        overBound += other.overBound;
    }

    public void forEach(BiConsumer<Operation, Count> reader) {
        counts.forEach(reader);
    }

    public Map<Operation, Count> counts() {
        return Map.copyOf(counts);
    }

    /// How many traces were of operations beyond those told apart.
    public long overBound() {
        return overBound;
    }

    public void clear() {
        counts.clear();
        overBound = 0;
    }

    /// A line for each operation: service, operation, seen and weight, with tabs between.
    public String text() {
        var text = new StringBuilder();
        counts.forEach((operation, count) ->
                text.append(Escape.escape(operation.service()))
                        .append('\t')
                        .append(Escape.escape(operation.name()))
                        .append('\t')
                        .append(count.seen())
                        .append('\t')
                        .append(count.weight())
                        .append('\n'));
        return text.toString();
    }

    /// Reads what [#text()] wrote.
    ///
    /// @throws IllegalArgumentException naming the first line that is something else
    public static Throughput parse(String text, int mostOperations) {
        var throughput = new Throughput(mostOperations);
        text.lines().forEach(line -> throughput.addLine(line));
        return throughput;
    }

    private void addLine(String line) {
        String[] fields = line.split("\t", -1);
        try {
            if (fields.length == 4) {
                var count = new Count(Long.parseLong(fields[2]), Double.parseDouble(fields[3]));
                if (count.seen() >= 0 && count.weight() >= 0 && count.weight() < 1e300) {
                    add(
                            new Operation(Escape.unescape(fields[0]), Escape.unescape(fields[1])),
                            count);
                    return;
                }
            }
        } catch (NumberFormatException e) {
            // Falls through to the one message for everything that is not a count.
        }
        throw new IllegalArgumentException(
                "throughput: \"" + line + "\" (expected: service, operation, seen and weight)");
    }
}
