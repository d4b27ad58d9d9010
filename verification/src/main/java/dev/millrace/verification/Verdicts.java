package dev.millrace.verification;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.Decision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// All that a group of aggregators has decided about a log.
record Verdicts(List<Decision> decisions) {

    private record Key(int partition, Tenant tenant, TraceId traceId) {}

    Verdicts {
        decisions = List.copyOf(decisions);
    }

    /// Whether every upgrade that was asked for is done.
    boolean upgradesAreDone() {
        return count(Decision.Upgrade.ASKED) == count(Decision.Upgrade.DONE);
    }

    long count(Decision.Upgrade upgrade) {
        return decisions.stream().filter(decision -> decision.upgrade() == upgrade).count();
    }

    /// How many stand under each verdict and rule.
    Map<String, Integer> byRule() {
        var rules = new TreeMap<String, Integer>();
        decisions.forEach(decision ->
                rules.merge(
                        (decision.verdict() == Decision.Verdict.KEEP ? "kept: " : "dropped: ")
                                + decision.policy(),
                        1,
                        Integer::sum));
        return rules;
    }

    /// The newest version that a verdict names.
    long newestVersion() {
        return decisions.stream().mapToLong(Decision::version).max().orElse(0);
    }

    /// Traces of which some record stands under two verdicts, or that were brought back twice.
    List<String> decidedTwice() {
        var decidedTo = new HashMap<Key, Long>();
        var upgrades = new HashMap<Key, Integer>();
        var twice = new ArrayList<String>();
        for (var decision : decisions) {
            var trace = decision.trace();
            var key = new Key(decision.partition(), trace.tenant(), trace.traceId());
            if (decision.upgrade() == Decision.Upgrade.DONE) {
                if (upgrades.merge(key, 1, Integer::sum) > 1) {
                    twice.add("brought back twice: " + trace.traceId());
                }
                continue;
            }
            if (trace.firstOffset() <= decidedTo.getOrDefault(key, -1L)) {
                twice.add("decided twice: " + trace.traceId());
            }
            decidedTo.merge(key, trace.lastOffset(), Math::max);
        }
        return twice;
    }

    /// What differs from the verdicts of another group on the same log. When a trace that was
    /// brought back got its earlier spans, and with which commit, is nobody's promise, so that does
    /// not count.
    List<String> differences(Verdicts other) {
        var here = texts();
        var there = other.texts();
        var differences = new ArrayList<String>();
        here.forEach((text, count) -> {
            if (!count.equals(there.get(text))) {
                differences.add("only when disturbed: " + text);
            }
        });
        there.forEach((text, count) -> {
            if (!count.equals(here.get(text))) {
                differences.add("only when undisturbed: " + text);
            }
        });
        return differences;
    }

    private Map<String, Integer> texts() {
        var texts = new TreeMap<String, Integer>();
        for (var decision : decisions) {
            String text = decision.toString().replaceFirst(" entry=\\d+", " entry=any");
            texts.merge(
                    decision.upgrade() == Decision.Upgrade.DONE
                            ? text.replaceFirst("closedAt=\\d+", "closedAt=any")
                            : text,
                    1,
                    Integer::sum);
        }
        return texts;
    }
}
