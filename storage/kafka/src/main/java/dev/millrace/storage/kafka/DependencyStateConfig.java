package dev.millrace.storage.kafka;

import java.time.Duration;

/// What the state of the dependency store is made of, and how much of it is kept.
///
/// @param topic with the figures, by its full name
/// @param format what its records are
/// @param retention how long figures are kept; no longer than the topic keeps its records, or they
///   could not all be rebuilt
/// @param writeInterval how often what has changed is written; a process that dies reads that much
///   of the log again
/// @param maxSeries of how many series one partition holds figures in memory
public record DependencyStateConfig(
        String topic,
        DependencyFormat format,
        Duration retention,
        Duration writeInterval,
        int maxSeries) {

    private static final Duration WRITE_INTERVAL = Duration.ofSeconds(5);
    private static final int MAX_SERIES = 50_000;

    /// As a process has it unless told otherwise.
    public static DependencyStateConfig of(
            String topic, DependencyFormat format, Duration retention) {
        return new DependencyStateConfig(topic, format, retention, WRITE_INTERVAL, MAX_SERIES);
    }

    public DependencyStateConfig {
        if (topic.isBlank()) {
            throw new IllegalArgumentException("topic: \"" + topic + "\" (expected: not blank)");
        }
        if (retention.toMinutes() < 1) {
            throw new IllegalArgumentException(
                    "retention: " + retention + " (expected: at least 1 min)");
        }
        if (writeInterval.toMillis() < 1 || writeInterval.toMinutes() > 10) {
            throw new IllegalArgumentException(
                    "write-interval: " + writeInterval + " (expected: 1 ms to 10 min)");
        }
        if (maxSeries < 1) {
            throw new IllegalArgumentException(
                    "max-series: " + maxSeries + " (expected: at least 1)");
        }
    }
}
