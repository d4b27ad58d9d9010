package dev.millrace.sampling;

import java.util.List;

/// What an SDK is told to sample, as Jaeger's remote sampling has it.
public sealed interface SamplingStrategy {

    /// Every trace with the same probability.
    record Probabilistic(double samplingRate) implements SamplingStrategy {
        public Probabilistic {
            if (!(samplingRate >= 0 && samplingRate <= 1)) {
                throw new IllegalArgumentException(
                        "sampling rate: " + samplingRate + " (expected: 0 to 1)");
            }
        }
    }

    /// A number of traces per second, whatever comes.
    record RateLimiting(int maxTracesPerSecond) implements SamplingStrategy {
        public RateLimiting {
            if (maxTracesPerSecond < 0) {
                throw new IllegalArgumentException(
                        "traces per second: " + maxTracesPerSecond + " (expected: >= 0)");
            }
        }
    }

    /// A probability for each operation.
    ///
    /// @param otherwise for an operation that is not listed
    /// @param lowerBoundTracesPerSecond the traces an operation gets even when chance gives fewer
    record PerOperation(
            double otherwise, double lowerBoundTracesPerSecond, List<Operation> operations)
            implements SamplingStrategy {
        public PerOperation {
            operations = List.copyOf(operations);
        }

        /// The probability an operation is sampled with.
        public double probability(String operation) {
            for (var entry : operations) {
                if (entry.name().equals(operation)) {
                    return entry.samplingRate();
                }
            }
            return otherwise;
        }
    }

    /// One operation of a service.
    record Operation(String name, double samplingRate) {
        public Operation {
            if (!(samplingRate >= 0 && samplingRate <= 1)) {
                throw new IllegalArgumentException(
                        "sampling rate of " + name + ": " + samplingRate + " (expected: 0 to 1)");
            }
        }
    }
}
