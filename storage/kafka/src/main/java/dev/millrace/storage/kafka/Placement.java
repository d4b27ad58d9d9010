package dev.millrace.storage.kafka;

import dev.millrace.model.TraceId;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TraceKey;

/// Where the records of a trace lie in a topic: asked elsewhere, a trace would not be found.
@FunctionalInterface
public interface Placement {

    /// Where our collectors put them: by all 32 digits of the id.
    Placement BY_ID =
            (traceId, partitions) -> TraceKey.partition(traceId.high(), traceId.low(), partitions);

    /// @param partitions how many the topic has
    int partition(TraceId traceId, int partitions);

    /// Where they lie in `spans`, whoever writes it.
    static Placement inSpans(TopicsConfig topics) {
        return topics.dialect()::partition;
    }

    /// Where they lie in `traces-complete`: the aggregator puts what comes of a partition of
    /// `spans` into that number, modulo how many there are.
    static Placement inTracesComplete(TopicsConfig topics) {
        int spans = topics.spans().partitions();
        return (traceId, partitions) -> topics.dialect().partition(traceId, spans) % partitions;
    }
}
