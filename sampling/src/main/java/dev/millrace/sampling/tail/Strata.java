package dev.millrace.sampling.tail;

import dev.millrace.model.Slice;
import dev.millrace.sampling.HeadMark;
import dev.millrace.sampling.Threshold;
import dev.millrace.sampling.TraceState;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The spans of one trace by the thresholds they came with.
///
/// A head that keeps another share of each operation lets a trace have the more spans the higher
/// its randomness is. The spans up to a threshold are those it would have had with any randomness
/// between that threshold and the next.
final class Strata {

    /// Told apart at most; what lies above counts as the highest of these.
    private static final int MOST = 16;

    private List<SpanCondition> conditions = List.of();
    private final List<Stratum> ascending = new ArrayList<>();
    private boolean headMark;

    // Neighbours mostly have the same trace state.
    private Slice lastState = Slice.EMPTY;
    private long lastThreshold;
    private boolean lastStated;

    private long[] thresholds = new long[64];

    void begin(List<SpanCondition> someConditions) {
        conditions = someConditions;
        ascending.clear();
        headMark = false;
        lastState = Slice.EMPTY;
        lastThreshold = 0;
        lastStated = false;
    }

    /// @param randomness of the trace: a threshold that it does not pass was no sampling
    void add(SpanIndex index, int[] spans, long randomness) {
        if (spans.length == 0) {
            return;
        }
        if (thresholds.length < spans.length) {
            thresholds = new long[spans.length];
        }
        boolean same = true;
        for (int i = 0; i < spans.length; i++) {
            turnTo(index.traceState(spans[i]), randomness);
            thresholds[i] = lastThreshold;
            same &= lastThreshold == thresholds[0];
            // The head writes a threshold wherever it leaves its mark.
            headMark = headMark || (lastStated && HeadMark.isOn(index.span(spans[i])));
        }
        if (same) {
            add(index, spans, of(thresholds[0]));
        } else {
            addEach(index, spans);
        }
    }

    private void turnTo(Slice state, long randomness) {
        if (state.length() == 0) {
            lastState = Slice.EMPTY;
            lastThreshold = 0;
            lastStated = false;
        } else if (!state.equals(lastState)) {
            var stated = TraceState.parse(state).threshold();
            long threshold = stated.orElse(0);
            lastState = state;
            lastThreshold = threshold > randomness ? 0 : threshold;
            lastStated = stated.isPresent();
        }
    }

    private void addEach(SpanIndex index, int[] spans) {
        for (int i = 0; i < spans.length; i++) {
            // Made first, so that their number and order stand.
            var _ = of(thresholds[i]);
        }
        for (var stratum : ascending) {
            var some = new int[spans.length];
            int count = 0;
            for (int i = 0; i < spans.length; i++) {
                if (of(thresholds[i]) == stratum) {
                    some[count] = spans[i];
                    count++;
                }
            }
            if (count > 0) {
                add(index, Arrays.copyOf(some, count), stratum);
            }
        }
    }

    private void add(SpanIndex index, int[] spans, Stratum stratum) {
        stratum.add(index, spans, conditions, ascending.subList(0, ascending.indexOf(stratum)));
    }

    private Stratum of(long threshold) {
        int at = 0;
        while (at < ascending.size() && ascending.get(at).threshold() < threshold) {
            at++;
        }
        if (at < ascending.size() && ascending.get(at).threshold() == threshold) {
            return ascending.get(at);
        }
        if (ascending.size() == MOST) {
            var highest = ascending.getLast();
            highest.raise(threshold);
            return highest;
        }
        var made = new Stratum(threshold, conditions.size());
        ascending.add(at, made);
        return made;
    }

    /// The spans up to each threshold, ascending: the last has all of them. Empty when there are
    /// none.
    List<Stratum> upToEach() {
        if (ascending.size() < 2) {
            return ascending;
        }
        var sums = new ArrayList<Stratum>();
        var sum = new Stratum(0, conditions.size());
        for (var stratum : ascending) {
            var next = new Stratum(0, conditions.size());
            next.add(sum);
            next.add(stratum);
            sums.add(next);
            sum = next;
        }
        return sums;
    }

    /// The least threshold; 0 when there is no span.
    long least() {
        return ascending.isEmpty() ? Threshold.ALWAYS.value() : ascending.getFirst().threshold();
    }

    /// Whether the head kept a span because the trace failed.
    boolean hasHeadMark() {
        return headMark;
    }
}
