package dev.millrace.server;

import dev.millrace.pipeline.SamplingLook;
import dev.millrace.query.system.SamplingPicture;
import dev.millrace.query.system.SamplingPicture.LimitedOperation;
import dev.millrace.query.system.SamplingPicture.RuleState;
import dev.millrace.query.system.SamplingPicture.SlowBound;
import dev.millrace.sampling.tail.ConditionWords;
import dev.millrace.sampling.tail.Version;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// What is in force at the tail, and what came of it, as it is shown to people.
final class SamplingPictures {

    private SamplingPictures() {}

    /// @param most how many operations are told one by one
    static SamplingPicture of(Version version, SamplingLook.Seen seen, int most) {
        var policy = version.policy();
        var limited = limited(version);
        var slow = slow(version);
        return new SamplingPicture(
                version.number(),
                version.policyText(),
                policy.choice().name().toLowerCase(Locale.ROOT),
                policy.rules().stream()
                        .map(rule ->
                                new RuleState(
                                        rule.name(), ConditionWords.of(rule.when()), rule.keep()))
                        .toList(),
                policy.budget().spansPerSecond(),
                policy.budget().bytesPerSecond(),
                version.loadFactor(),
                version.shares().certain(),
                version.shares().others(),
                limited.subList(0, Math.min(most, limited.size())),
                limited.size(),
                slow.subList(0, Math.min(most, slow.size())),
                slow.size(),
                new SamplingPicture.Counted(
                        seen.since(), seen.until(), seen.whole(), outcomes(seen)));
    }

    private static List<LimitedOperation> limited(Version version) {
        return version.shares().byOperation().entrySet().stream()
                .map(entry ->
                        new LimitedOperation(
                                entry.getKey().tenant().name(),
                                entry.getKey().service(),
                                entry.getKey().operation(),
                                entry.getValue()))
                .sorted(
                        Comparator.comparingDouble(LimitedOperation::share)
                                .thenComparing(LimitedOperation::service)
                                .thenComparing(LimitedOperation::operation))
                .toList();
    }

    private static List<SlowBound> slow(Version version) {
        var bounds = new ArrayList<SlowBound>();
        version.slowBounds()
                .nanosByPercentile()
                .forEach((percentile, byOperation) ->
                        byOperation.forEach((operation, nanos) ->
                                bounds.add(
                                        new SlowBound(
                                                operation.tenant().name(),
                                                operation.service(),
                                                operation.operation(),
                                                percentile,
                                                nanos))));
        bounds.sort(
                Comparator.comparingLong(SlowBound::nanos)
                        .reversed()
                        .thenComparing(SlowBound::service)
                        .thenComparing(SlowBound::operation));
        return bounds;
    }

    private static List<SamplingPicture.Outcome> outcomes(SamplingLook.Seen seen) {
        return seen.outcomes().entrySet().stream()
                .map(entry ->
                        new SamplingPicture.Outcome(
                                entry.getKey().rule(),
                                entry.getKey().kept(),
                                entry.getValue().traces(),
                                entry.getValue().spans(),
                                entry.getValue().errors(),
                                entry.getValue().bytes()))
                .toList();
    }
}
