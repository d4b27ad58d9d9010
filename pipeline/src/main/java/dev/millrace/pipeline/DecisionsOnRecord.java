package dev.millrace.pipeline;

import dev.millrace.assembly.ClosedTraces;
import dev.millrace.assembly.PartitionAssembler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/// What the committed decisions about one partition of `spans` say to its new owner, who gives them
/// in the order of their log.
final class DecisionsOnRecord {

    private final TopicPartition spans;
    private final ClosedTraces closed;
    private final Map<List<Object>, SpanRecall.Request> upgrades = new LinkedHashMap<>();

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
        List<Object> key = List.of(trace.tenant(), trace.traceId(), trace.decidedAt());
        if (decision.upgrade() == Decision.Upgrade.DONE) {
            upgrades.remove(key);
            return;
        }
        boolean broughtBack = decision.upgrade() == Decision.Upgrade.ASKED;
        closed.put(
                trace.tenant(),
                trace.traceId(),
                new ClosedTraces.Entry(
                        trace.firstOffset(),
                        trace.lastOffset(),
                        trace.decidedAt(),
                        PartitionAssembler.nextFragment(trace.fragment(), broughtBack),
                        decision.fate()),
                trace.closedAt());
        if (broughtBack) {
            var known = closed.find(trace.tenant(), trace.traceId());
            long from = known == null ? trace.firstOffset() : known.firstOffset();
            upgrades.put(key, new SpanRecall.Request(spans, decision, from));
        }
    }

    /// The upgrades that were asked for and not done.
    List<SpanRecall.Request> upgrades() {
        return List.copyOf(upgrades.values());
    }
}
