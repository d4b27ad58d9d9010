package dev.millrace.storage.elasticsearch;

import java.time.Duration;

/// When an index of the rollover layout is followed by the next: as soon as it has reached one of
/// these.
///
/// @param age since it was made; zero for at once
/// @param documents in it, those of nested tags not counted
public record RolloverLimits(Duration age, long documents) {

    public RolloverLimits {
        if (age.isNegative()) {
            throw new IllegalArgumentException("age: " + age + " (expected: zero or more)");
        }
        if (documents < 1) {
            throw new IllegalArgumentException("documents: " + documents + " (expected: >= 1)");
        }
    }
}
