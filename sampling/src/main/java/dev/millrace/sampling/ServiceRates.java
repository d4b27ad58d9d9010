package dev.millrace.sampling;

import dev.millrace.model.Slice;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/// The rules for one service, resolved, and the limit it has to itself.
final class ServiceRates {

    // Names of spans can be anything; beyond these the rules are gone through each time.
    private static final int MOST_OPERATIONS = 1_000;

    private final List<HeadRule> rules;
    private final double otherwise;
    private final ConcurrentHashMap<Slice, Double> byOperation = new ConcurrentHashMap<>();
    private final RateLimit limit;

    private ServiceRates(List<HeadRule> rules, double otherwise, RateLimit limit) {
        this.rules = rules;
        this.otherwise = otherwise;
        this.limit = limit;
    }

    static ServiceRates of(String service, HeadConfig config, RateLimit limit) {
        var rules = config.rules().stream().filter(rule -> rule.isOf(service)).toList();
        return !rules.isEmpty() && rules.getFirst().everyOperation()
                ? new ServiceRates(List.of(), rules.getFirst().probability(), limit)
                : new ServiceRates(rules, config.defaultProbability(), limit);
    }

    double probability(Slice operation) {
        if (rules.isEmpty()) {
            return otherwise;
        }
        Double known = byOperation.get(operation);
        return known == null ? resolve(operation) : known;
    }

    private double resolve(Slice operation) {
        String name = operation.toText();
        double probability =
                rules.stream()
                        .filter(rule -> rule.covers(name))
                        .findFirst()
                        .map(HeadRule::probability)
                        .orElse(otherwise);
        if (byOperation.size() < MOST_OPERATIONS) {
            // A copy, because the slice holds on to its whole request.
            byOperation.put(copy(operation), probability);
        }
        return probability;
    }

    static Slice copy(Slice slice) {
        return Slice.of(slice.toByteArray().clone());
    }

    RateLimit limit() {
        return limit;
    }
}
