package dev.millrace.pipeline;

import dev.millrace.sampling.tail.DemandWindow;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.sampling.tail.PolicyFile;
import dev.millrace.sampling.tail.RootOperation;
import dev.millrace.sampling.tail.Verdict;
import dev.millrace.sampling.tail.Version;

/// Publishes versions that follow from the committed decisions of a simulation.
final class SimulatedLeader {

    private final SimulatedLog log;
    private final SimulatedOutputs outputs;

    SimulatedLeader(SimulatedLog log, SimulatedOutputs outputs) {
        this.log = log;
        this.outputs = outputs;
    }

    void look(String policyText) {
        var policy = PolicyFile.read("policy", policyText);
        var durations = new DurationWindow(new DurationWindow.Settings(2_000, 4, 100, 10, 0.02));
        var demand = new DemandWindow(1_000, 4, 100);
        for (var decision : outputs.decisions()) {
            var trace = decision.trace();
            var digest = trace.digest();
            var operation =
                    new RootOperation(trace.tenant(), digest.rootService(), digest.rootOperation());
            if (!trace.late()) {
                durations.add(operation, trace.closedAt(), digest.durationNanos());
            }
            demand.add(
                    operation,
                    trace.closedAt(),
                    new Verdict(
                            decision.verdict() == Decision.Verdict.KEEP,
                            decision.policy(),
                            decision.ruleThreshold(),
                            decision.threshold()),
                    digest.spans(),
                    digest.bytes());
        }
        log.publish(
                new Version(
                        0,
                        policyText,
                        policy,
                        durations.bounds(policy.percentiles()),
                        demand.shares(policy.budget()),
                        1));
    }
}
