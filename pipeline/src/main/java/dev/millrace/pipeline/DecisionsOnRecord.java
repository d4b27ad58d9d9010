package dev.millrace.pipeline;

import dev.millrace.assembly.ClosedTraces;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/// What the committed decisions about one partition of `spans` say to its new owner, who gives them
/// in the order of their log.
final class DecisionsOnRecord {

    private final TopicPartition spans;
    private final ClosedTraces closed;
    private final Map<List<Object>, Decision> upgrades = new LinkedHashMap<>();

    /// @param closed takes them
    DecisionsOnRecord(TopicPartition spans, ClosedTraces closed) {
        this.spans = spans;
        this.closed = closed;
    }

    /// Takes note of a decision, unless it is about another partition.
    void accept(Decision decision) {
        if (decision.partition() != spans.partition()
                || !decision.sourceTopic().equals(spans.topic())) {
            return;
        }
        var trace = decision.trace();
        closed.put(
                trace.tenant(),
                trace.traceId(),
                new ClosedTraces.Entry(
                        trace.firstOffset(),
                        trace.lastOffset(),
                        trace.decidedAt(),
                        trace.fragment() + 1,
                        decision.fate()),
                trace.closedAt());
        List<Object> key = List.of(trace.tenant(), trace.traceId());
        switch (decision.upgrade()) {
            case ASKED -> upgrades.put(key, decision);
            case DONE -> upgrades.remove(key);
            case NONE -> {}
        }
    }

    /// The upgrades that were asked for and not done.
    List<Decision> upgrades() {
        return List.copyOf(upgrades.values());
    }
}
