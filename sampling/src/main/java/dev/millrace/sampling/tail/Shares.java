package dev.millrace.sampling.tail;

import java.util.Map;

/// By how much a budget lowers what is kept of each operation.
///
/// @param certain what is left of the traces that rules keep without chance, 0 to 1
/// @param byOperation what is left of the others; operations that nothing is taken from are absent
/// @param others what is left of operations beyond those told apart
public record Shares(double certain, Map<RootOperation, Double> byOperation, double others) {

    /// Everything fits.
    public static final Shares ALL = new Shares(1, Map.of(), 1);

    public Shares {
        byOperation = Map.copyOf(byOperation);
    }

    double of(RootOperation operation) {
        return byOperation.getOrDefault(operation, others);
    }
}
