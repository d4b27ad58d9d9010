package dev.millrace.storage.cached;

import dev.millrace.model.ByteSize;
import java.time.Duration;

/// What is remembered, and for how long.
///
/// @param traceExpiry how long a trace is kept at most
/// @param namesExpiry how long names of services and operations are kept at most
/// @param settledAfter how long after its last span's end a trace is taken to grow no more; what
///   was read before that is compared with the store each time it is asked for
/// @param maxTrace the largest trace that is kept, in bytes of OTLP
/// @param patience how long those who ask for the same thing at once wait for the one of them who
///   has gone to the store
public record CacheConfig(
        Duration traceExpiry,
        Duration namesExpiry,
        Duration settledAfter,
        ByteSize maxTrace,
        Duration patience) {

    public CacheConfig {
        requirePositive("trace-expiry", traceExpiry);
        requirePositive("names-expiry", namesExpiry);
        requirePositive("patience", patience);
        if (settledAfter.isNegative()) {
            throw new IllegalArgumentException(
                    "settled-after: " + settledAfter + " (expected: at least 0s)");
        }
    }

    private static void requirePositive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: more than 0s)");
        }
    }
}
