package dev.millrace.pipeline;

import dev.millrace.pipeline.TopicsConfig.Topic;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Topics that the aggregator writes besides ours, for those who read what zipkin-storage-kafka
/// writes. Only what belongs to the default tenant goes there: its readers know of no other.
///
/// Their names are whole, without our prefix.
///
/// @param traces kept traces, each a protobuf list of Zipkin's spans; null for none
/// @param links who called whom, in JSON; null for none
public record ZipkinTopics(@Nullable Topic traces, @Nullable Topic links) {

    public static final ZipkinTopics NONE = new ZipkinTopics(null, null);

    public ZipkinTopics {
        if (traces != null && links != null && traces.name().equals(links.name())) {
            throw new IllegalArgumentException(
                    "zipkin topics: " + traces.name() + " twice (expected: distinct)");
        }
    }

    /// Those that there are.
    public List<Topic> all() {
        return Stream.of(traces, links).filter(Objects::nonNull).toList();
    }
}
