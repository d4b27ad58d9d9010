package dev.millrace.pipeline;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How figures of services get from their topic into the store.
///
/// @param group the consumer group; its members share the partitions
/// @param writeInterval how often what has changed is written
/// @param idle a minute that nothing was added to for so long leaves memory
/// @param maxSeries how many series of all minutes are held in memory; beyond it minutes leave
///   early, those first that were not added to for longest
/// @param zipkinLinks the full name of a topic with links as zipkin-storage-kafka writes them, read
///   in place of ours; null for ours
public record DependencyIngesterConfig(
        String group,
        Duration writeInterval,
        Duration idle,
        int maxSeries,
        @Nullable String zipkinLinks) {

    /// From our own topic.
    public DependencyIngesterConfig(
            String group, Duration writeInterval, Duration idle, int maxSeries) {
        this(group, writeInterval, idle, maxSeries, null);
    }

    /// As a process has it unless told otherwise.
    public static DependencyIngesterConfig of(String group, Duration writeInterval) {
        return new DependencyIngesterConfig(group, writeInterval, Duration.ofMinutes(3), 100_000);
    }

    /// The same from a topic with links as zipkin-storage-kafka writes them.
    public DependencyIngesterConfig withZipkinLinks(@Nullable String topic) {
        return new DependencyIngesterConfig(group, writeInterval, idle, maxSeries, topic);
    }

    /// The full name of the topic that is read.
    public String topicIn(TopicsConfig topics) {
        return zipkinLinks == null ? topics.fullName(topics.dependencies()) : zipkinLinks;
    }

    public DependencyIngesterConfig {
        if (group.isBlank()) {
            throw new IllegalArgumentException("group: \"" + group + "\" (expected: not blank)");
        }
        if (zipkinLinks != null && zipkinLinks.isBlank()) {
            throw new IllegalArgumentException(
                    "topic: \"" + zipkinLinks + "\" (expected: a topic, or none)");
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
