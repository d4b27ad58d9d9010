package dev.millrace.sampling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Strategies that bring every operation of every service near a target number of sampled traces
/// per second.
///
/// Stepped once per interval with the [Throughput] of all collectors. Rates that are met within the
/// tolerance are left alone; probabilities fall at once and rise by half at most, so that a lull
/// does not end in a flood. Operations not seen for some intervals are forgotten. Not safe for
/// threads.
public final class AdaptiveStrategies {

    private static final double MOST_RISE = 1.5;
    private static final int FORGOTTEN_AFTER = 10;

    private final Settings settings;
    private final Map<String, Map<String, Operation>> services = new HashMap<>();

    /// How the target is approached.
    ///
    /// @param targetPerSecond sampled traces for each operation of a service
    /// @param tolerance the part of the target by which a rate may miss it
    /// @param initial the probability of an operation that is not known yet
    /// @param minimum the least probability
    /// @param lowerBoundPerSecond the traces an SDK samples of an operation whatever chance says
    /// @param mostOperations how many operations of all services together are told apart
    public record Settings(
            double targetPerSecond,
            double tolerance,
            double initial,
            double minimum,
            double lowerBoundPerSecond,
            int mostOperations) {

        /// Jaeger's.
        public static final Settings DEFAULT = new Settings(1, 0.3, 0.001, 1e-5, 1.0 / 60, 20_000);

        public Settings {
            if (!(targetPerSecond > 0 && targetPerSecond < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "target-per-second: " + targetPerSecond + " (expected: above 0)");
            }
            if (!(tolerance >= 0 && tolerance < 1)) {
                throw new IllegalArgumentException(
                        "tolerance: " + tolerance + " (expected: 0 to below 1)");
            }
            if (!(minimum > 0 && minimum <= 1)) {
                throw new IllegalArgumentException(
                        "minimum: " + minimum + " (expected: above 0, at most 1)");
            }
            if (!(initial >= minimum && initial <= 1)) {
                throw new IllegalArgumentException(
                        "initial: " + initial + " (expected: " + minimum + " to 1)");
            }
            if (!(lowerBoundPerSecond >= 0 && lowerBoundPerSecond < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "lower-bound-per-second: " + lowerBoundPerSecond + " (expected: >= 0)");
            }
            if (mostOperations < 1) {
                throw new IllegalArgumentException(
                        "most-operations: " + mostOperations + " (expected: at least 1)");
            }
        }
    }

    private record Operation(double probability, int unseen) {}

    public AdaptiveStrategies(Settings settings) {
        this.settings = settings;
    }

    /// Takes what was observed since the last step.
    ///
    /// @param seconds how long that was
    public void step(Throughput throughput, double seconds) {
        if (!(seconds > 0)) {
            throw new IllegalArgumentException("interval: " + seconds + " s (expected: above 0)");
        }
        var counts = throughput.counts();
        forgetOrRaise(counts);
        counts.forEach((key, count) -> {
            var operations = services.get(key.service());
            var known = operations == null ? null : operations.get(key.name());
            if (known == null && size() >= settings.mostOperations()) {
                return;
            }
            double before = known == null ? settings.initial() : known.probability();
            double next = next(before, count.weight() / seconds);
            services.computeIfAbsent(key.service(), _ -> new HashMap<>())
                    .put(key.name(), new Operation(next, 0));
        });
    }

    private void forgetOrRaise(Map<Throughput.Operation, Throughput.Count> counts) {
        for (Iterator<Map.Entry<String, Map<String, Operation>>> it =
                        services.entrySet().iterator();
                it.hasNext(); ) {
            var service = it.next();
            service.getValue()
                    .entrySet()
                    .removeIf(entry ->
                            entry.getValue().unseen() >= FORGOTTEN_AFTER
                                    && !counts.containsKey(key(service.getKey(), entry.getKey())));
            service.getValue()
                    .replaceAll((name, operation) ->
                            counts.containsKey(key(service.getKey(), name))
                                    ? operation
                                    : unseen(operation));
            if (service.getValue().isEmpty()) {
                it.remove();
            }
        }
    }

    private static Throughput.Operation key(String service, String name) {
        return new Throughput.Operation(service, name);
    }

    /// Nothing arrived: either nothing happened, or the probability is too small to tell.
    private static Operation unseen(Operation operation) {
        return new Operation(
                Math.min(1, operation.probability() * MOST_RISE), operation.unseen() + 1);
    }

    private double next(double before, double perSecond) {
        double sampled = before * perSecond;
        double off = Math.abs(sampled - settings.targetPerSecond()) / settings.targetPerSecond();
        if (off <= settings.tolerance()) {
            return before;
        }
        double wanted = settings.targetPerSecond() / perSecond;
        return Math.clamp(Math.min(wanted, before * MOST_RISE), settings.minimum(), 1);
    }

    /// How many operations are told apart.
    public int size() {
        return services.values().stream().mapToInt(Map::size).sum();
    }

    /// What a service is told.
    public SamplingStrategy.PerOperation strategy(String service) {
        var operations = new ArrayList<SamplingStrategy.Operation>();
        services.getOrDefault(service, Map.of())
                .forEach((name, operation) ->
                        operations.add(
                                new SamplingStrategy.Operation(name, operation.probability())));
        operations.sort(Comparator.comparing(SamplingStrategy.Operation::name));
        return new SamplingStrategy.PerOperation(
                settings.initial(), settings.lowerBoundPerSecond(), operations);
    }

    /// The probability that a service is told for an operation.
    public double probability(String service, String operation) {
        var known = services.getOrDefault(service, Map.of()).get(operation);
        return known == null ? settings.initial() : known.probability();
    }

    /// All probabilities, a line each, for those who do not compute them.
    public String text() {
        var text = new StringBuilder();
        services.forEach((service, operations) ->
                operations.forEach((name, operation) ->
                        text.append(Escape.escape(service))
                                .append('\t')
                                .append(Escape.escape(name))
                                .append('\t')
                                .append(operation.probability())
                                .append('\t')
                                .append(operation.unseen())
                                .append('\n')));
        return text.toString();
    }

    /// Takes over what another process wrote with [#text()], in place of all that is known here.
    ///
    /// @throws IllegalArgumentException naming the first line that is something else; nothing is
    ///   taken over then
    public void replace(String text) {
        var read = new HashMap<String, Map<String, Operation>>();
        int size = 0;
        for (String line : List.of(text.split("\n", -1))) {
            if (!line.isEmpty() && size < settings.mostOperations()) {
                String[] fields = line.split("\t", -1);
                read.computeIfAbsent(Escape.unescape(fields[0]), _ -> new HashMap<>())
                        .put(
                                fields.length == 4 ? Escape.unescape(fields[1]) : "",
                                operation(fields, line));
                size++;
            }
        }
        services.clear();
        services.putAll(read);
    }

    private static Operation operation(String[] fields, String line) {
        try {
            if (fields.length == 4) {
                double probability = Double.parseDouble(fields[2]);
                int unseen = Integer.parseInt(fields[3]);
                if (probability >= 0 && probability <= 1 && unseen >= 0) {
                    return new Operation(probability, unseen);
                }
            }
        } catch (NumberFormatException e) {
            // Falls through to the one message for everything that is not a probability.
        }
        throw new IllegalArgumentException(
                "strategies: \""
                        + line
                        + "\" (expected: service, operation, probability and intervals unseen)");
    }
}
