package dev.millrace.pipeline;

import dev.millrace.model.ByteSize;
import dev.millrace.pipeline.format.SourceEncoding;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the ingester reads and how much it writes to the store at once.
///
/// @param group the consumer group; its members share the partitions
/// @param instance names this process among all ingesters, and stays the same over its restarts
/// @param source where the spans are that are stored
/// @param writers how many writes to the store may be under way at once
/// @param batchBytes a write begins when this much has been read
/// @param batchDelay ... or when the first of it has waited this long
/// @param maxInFlight bytes of spans that are being written or wait for it; over it reading pauses.
///   What is read for the next write may come on top
public record IngesterConfig(
        String group,
        String instance,
        Source source,
        int writers,
        ByteSize batchBytes,
        Duration batchDelay,
        ByteSize maxInFlight) {

    private static final int USUAL_WRITERS = 4;
    private static final int MOST_WRITERS = 256;
    private static final ByteSize USUAL_IN_FLIGHT = ByteSize.ofMebibytes(64);

    /// Which topic the ingester reads.
    public enum Feed {
        /// Completed traces that sampling kept.
        TRACES,
        /// Everything that was accepted, as it arrives; no tail sampling.
        SPANS
    }

    /// Where the spans are that are stored, and what they are written in.
    ///
    /// @param feed which spans
    /// @param topic the full name of another topic to read them from; null for ours
    /// @param encoding of records that do not name theirs; null when those are ours
    public record Source(Feed feed, @Nullable String topic, @Nullable SourceEncoding encoding) {

        /// Our own topics.
        public static final Source TRACES = new Source(Feed.TRACES, null, null);

        public static final Source SPANS = new Source(Feed.SPANS, null, null);

        public Source {
            if (topic != null && topic.isBlank()) {
                throw new IllegalArgumentException(
                        "topic: \"" + topic + "\" (expected: a topic, or none)");
            }
            if (feed == Feed.TRACES && topic != null) {
                throw new IllegalArgumentException(
                        "topic: " + topic + " (expected: none with the feed traces)");
            }
            if (feed == Feed.TRACES && encoding != null) {
                throw new IllegalArgumentException(
                        "encoding: " + encoding.word() + " (expected: none with the feed traces)");
            }
        }

        /// The encoding of records of single spans that do not name theirs: those that are read, or
        /// those that completed traces come from; null when those are ours.
        @Nullable SourceEncoding ofSpans(TopicsConfig topics) {
            return feed == Feed.SPANS ? encoding : topics.dialect().unnamed();
        }

        /// The full names of all topics that are read: with our own `spans` those of the sites.
        public List<String> topicsIn(TopicsConfig topics) {
            return feed == Feed.SPANS && topic == null
                    ? topics.sources()
                    : List.of(topicIn(topics));
        }

        /// The full name of the topic that is read, of several the first.
        public String topicIn(TopicsConfig topics) {
            return topic != null
                    ? topic
                    : topics.fullName(
                            switch (feed) {
                                case TRACES -> topics.tracesComplete();
                                case SPANS -> topics.spans();
                            });
        }
    }

    public IngesterConfig {
        if (group.isBlank()) {
            throw new IllegalArgumentException("group: \"" + group + "\" (expected: not blank)");
        }
        if (instance.isBlank()) {
            throw new IllegalArgumentException(
                    "instance: \"" + instance + "\" (expected: not empty)");
        }
        if (writers < 1 || writers > MOST_WRITERS) {
            throw new IllegalArgumentException(
                    "writers: " + writers + " (expected: 1 to " + MOST_WRITERS + ")");
        }
        if (batchBytes.bytes() < 1 || batchBytes.bytes() > ByteSize.ofMebibytes(1_024).bytes()) {
            throw new IllegalArgumentException(
                    "batch-bytes: " + batchBytes + " (expected: 1 to 1GiB)");
        }
        if (batchDelay.toMillis() < 1 || batchDelay.toSeconds() > 60) {
            throw new IllegalArgumentException(
                    "batch-delay: " + batchDelay + " (expected: 1 ms to 60 s)");
        }
        if (maxInFlight.bytes() < batchBytes.bytes()) {
            throw new IllegalArgumentException(
                    "max-in-flight: "
                            + maxInFlight
                            + " (expected: at least batch-bytes, "
                            + batchBytes
                            + ")");
        }
    }

    /// From our own topic, with as many writers and as much in flight as usual.
    public IngesterConfig(
            String group, String instance, Feed feed, ByteSize batchBytes, Duration batchDelay) {
        this(
                group,
                instance,
                new Source(feed, null, null),
                USUAL_WRITERS,
                batchBytes,
                batchDelay,
                USUAL_IN_FLIGHT);
    }
}
