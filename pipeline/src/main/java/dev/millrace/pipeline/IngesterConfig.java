package dev.millrace.pipeline;

import dev.millrace.model.ByteSize;
import java.time.Duration;

/// What the ingester reads and how much it writes to the store at once.
///
/// @param group the consumer group; its members share the partitions
/// @param instance names this process among all ingesters, and stays the same over its restarts
/// @param feed which spans are stored
/// @param batchBytes a write begins when this much has been read
/// @param batchDelay ... or when the first of it has waited this long
public record IngesterConfig(
        String group, String instance, Feed feed, ByteSize batchBytes, Duration batchDelay) {

    /// Which topic the ingester reads.
    public enum Feed {
        /// Completed traces that sampling kept.
        TRACES,
        /// Everything that was accepted, as it arrives; no tail sampling.
        SPANS
    }

    public IngesterConfig {
        if (group.isBlank()) {
            throw new IllegalArgumentException("group: \"" + group + "\" (expected: not blank)");
        }
        if (instance.isBlank()) {
            throw new IllegalArgumentException(
                    "instance: \"" + instance + "\" (expected: not empty)");
        }
        if (batchBytes.bytes() < 1 || batchBytes.bytes() > ByteSize.ofMebibytes(1_024).bytes()) {
            throw new IllegalArgumentException(
                    "batch-bytes: " + batchBytes + " (expected: 1 to 1GiB)");
        }
        if (batchDelay.toMillis() < 1 || batchDelay.toSeconds() > 60) {
            throw new IllegalArgumentException(
                    "batch-delay: " + batchDelay + " (expected: 1 ms to 60 s)");
        }
    }
}
