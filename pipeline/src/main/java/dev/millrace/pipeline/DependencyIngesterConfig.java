package dev.millrace.pipeline;

import java.time.Duration;

/// How figures of services get from their topic into the store.
///
/// @param group the consumer group; its members share the partitions
/// @param writeInterval how often what has changed is written
/// @param idle a minute that nothing was added to for so long leaves memory
/// @param maxSeries how many series of all minutes are held in memory; beyond it minutes leave
///   early, those first that were not added to for longest
public record DependencyIngesterConfig(
        String group, Duration writeInterval, Duration idle, int maxSeries) {

    /// As a process has it unless told otherwise.
    public static DependencyIngesterConfig of(String group, Duration writeInterval) {
        return new DependencyIngesterConfig(group, writeInterval, Duration.ofMinutes(3), 100_000);
    }

    public DependencyIngesterConfig {
        if (group.isBlank()) {
            throw new IllegalArgumentException("group: \"" + group + "\" (expected: not blank)");
        }
        if (writeInterval.toMillis() < 1 || writeInterval.toMinutes() > 10) {
            throw new IllegalArgumentException(
                    "write-interval: " + writeInterval + " (expected: 1 ms to 10 min)");
        }
        if (idle.isNegative()) {
            throw new IllegalArgumentException("idle: " + idle + " (expected: at least 0)");
        }
        if (maxSeries < 1) {
            throw new IllegalArgumentException(
                    "max-series: " + maxSeries + " (expected: at least 1)");
        }
    }
}
