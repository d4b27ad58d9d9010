package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.sampling.Weight;
import dev.millrace.sampling.tail.DemandWindow;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.sampling.tail.PolicyFile;
import dev.millrace.sampling.tail.RootOperation;
import dev.millrace.sampling.tail.Verdict;
import dev.millrace.sampling.tail.Version;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/// Publishes versions that follow from the committed decisions of a simulation.
final class SimulatedLeader {

    private final SimulatedLog log;
    private final SimulatedOutputs outputs;
    private final DurationWindow durations =
            new DurationWindow(new DurationWindow.Settings(2_000, 4, 100, 10, 0.02));
    private final DemandWindow demand = new DemandWindow(1_000, 4, 100);
    private final Map<TopicPartition, Long> readTo = new HashMap<>();

    SimulatedLeader(SimulatedLog log, SimulatedOutputs outputs) {
        this.log = log;
        this.outputs = outputs;
    }

    /// What is not committed yet it overlooks for good, which no verdict depends on.
    void look(String policyText) {
        var topic = SimulatedLog.TOPICS.samplingDecisions();
        for (int i = 0; i < topic.partitions(); i++) {
            var partition = new TopicPartition(topic.name(), i);
            for (var message : outputs.committed(partition, readTo.getOrDefault(partition, 0L))) {
                note(Decision.decode(Slice.of(message.value())));
            }
            readTo.put(partition, outputs.end(partition));
        }
        var policy = PolicyFile.read("policy", policyText);
        log.publish(
                new Version(
                        0,
                        policyText,
                        policy,
                        durations.bounds(policy.percentiles()),
                        demand.shares(policy.budget()),
                        1));
    }

    private void note(Decision decision) {
        var trace = decision.trace();
        var digest = trace.digest();
        var operation =
                new RootOperation(trace.tenant(), digest.rootService(), digest.rootOperation());
        if (!trace.late()) {
            durations.add(
                    operation,
                    trace.closedAt(),
                    digest.durationNanos(),
                    Weight.of(decision.arrival().leastThreshold()));
        }
        demand.add(
                operation,
                trace.closedAt(),
                new Verdict(
                        decision.verdict() == Decision.Verdict.KEEP,
                        decision.policy(),
                        decision.ruleThreshold(),
                        decision.threshold()),
                decision.arrival().leastThreshold(),
                digest.spans(),
                digest.bytes());
    }
}
