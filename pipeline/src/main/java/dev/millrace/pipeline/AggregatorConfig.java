package dev.millrace.pipeline;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import java.nio.file.Path;
import java.time.Duration;

/// How the aggregator works.
///
/// @param group the consumer group that shares the partitions of `spans`
/// @param instance names this process among all aggregators, and stays the same over its restarts:
///   a successor of the same name takes over at once instead of waiting for a time-out
/// @param threads how many loops share this process's partitions
/// @param commitInterval how often effects and positions are committed
/// @param maxMemory the bytes of open traces kept in memory; beyond it the bodies of the largest
///   are let go and read again when they are needed
/// @param scratch a directory for tables that need not survive the process
/// @param assembly when a trace is complete
/// @param tail which complete traces are stored
/// @param figures what is counted of all complete traces
public record AggregatorConfig(
        String group,
        String instance,
        int threads,
        Duration commitInterval,
        ByteSize maxMemory,
        Path scratch,
        AssemblyConfig assembly,
        TailConfig tail,
        FiguresConfig figures) {

    public AggregatorConfig {
        if (group.isBlank()) {
            throw new IllegalArgumentException("group: \"" + group + "\" (expected: not empty)");
        }
        if (instance.isBlank()) {
            throw new IllegalArgumentException(
                    "instance: \"" + instance + "\" (expected: not empty)");
        }
        if (threads < 1 || threads > 256) {
            throw new IllegalArgumentException("threads: " + threads + " (expected: 1 to 256)");
        }
        // A transaction open for longer would be given up by the broker.
        if (commitInterval.toMillis() < 10 || commitInterval.toMillis() > 5_000) {
            throw new IllegalArgumentException(
                    "commit-interval: " + commitInterval + " (expected: 10ms to 5s)");
        }
        if (maxMemory.bytes() < 1 << 20) {
            throw new IllegalArgumentException(
                    "max-memory: " + maxMemory + " (expected: at least 1MiB)");
        }
    }
}
