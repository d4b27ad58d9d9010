package dev.millrace.sampling.tail;

import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;

/// The spans of a trace that came with the same threshold, as far as a verdict depends on them.
final class Stratum {

    private long threshold;
    private int spans;
    private int errors;
    private boolean rootError;
    private long start = Long.MAX_VALUE;
    private long end = Long.MIN_VALUE;

    // The root, or the earliest span while none has come.
    private boolean hasRoot;
    private long rootStart;
    private String rootService = "";
    private String rootOperation = "";

    private final boolean[] met;

    /// @param conditions how many there are
    Stratum(long threshold, int conditions) {
        this.threshold = threshold;
        this.met = new boolean[conditions];
    }

    long threshold() {
        return threshold;
    }

    /// Takes spans in that came with a higher threshold.
    void raise(long higher) {
        threshold = Math.max(threshold, higher);
    }

    int spans() {
        return spans;
    }

    int errors() {
        return errors;
    }

    boolean rootError() {
        return rootError;
    }

    boolean isMet(int condition) {
        return met[condition];
    }

    /// @param below those of lower thresholds; a condition met there is not looked at
    void add(SpanIndex index, int[] numbers, List<SpanCondition> conditions, List<Stratum> below) {
        int candidate = -1;
        for (int span : numbers) {
            boolean root = index.parent(span) == 0;
            if (index.error(span)) {
                errors++;
                rootError |= root;
            }
            if (spans == 0
                    || (root && !hasRoot)
                    || (root == hasRoot && index.start(span) < rootStart)) {
                candidate = span;
                rootStart = index.start(span);
            }
            hasRoot |= root;
            start = Math.min(start, index.start(span));
            end = Math.max(end, index.end(span));
            spans++;
        }
        if (candidate >= 0) {
            rootService = index.serviceOf(index.scope(candidate));
            rootOperation = index.name(candidate).toText();
        }
        for (int i = 0; i < met.length; i++) {
            int condition = i;
            if (!met[i] && below.stream().noneMatch(lower -> lower.met[condition])) {
                met[i] = SpanMatch.any(conditions.get(i), index, numbers);
            }
        }
    }

    /// Adds what another holds, so that this is both together.
    void add(Stratum other) {
        if (spans == 0
                || (other.hasRoot && !hasRoot)
                || (other.hasRoot == hasRoot && other.rootStart < rootStart)) {
            rootStart = other.rootStart;
            rootService = other.rootService;
            rootOperation = other.rootOperation;
        }
        threshold = Math.max(threshold, other.threshold);
        hasRoot |= other.hasRoot;
        start = Math.min(start, other.start);
        end = Math.max(end, other.end);
        spans += other.spans;
        errors += other.errors;
        rootError |= other.rootError;
        for (int i = 0; i < met.length; i++) {
            met[i] |= other.met[i];
        }
    }

    /// Of a trace with these spans alone.
    TraceFacts facts(TraceFacts whole) {
        return new TraceFacts(
                new RootOperation(whole.operation().tenant(), rootService, rootOperation),
                spans,
                errors,
                Math.max(0, end - Math.max(0, start)));
    }
}
