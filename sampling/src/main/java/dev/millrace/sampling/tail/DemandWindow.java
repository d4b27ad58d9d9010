package dev.millrace.sampling.tail;

import dev.millrace.sampling.Weight;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.DoubleStream;

/// What would be stored lately if there were no [Budget], by operation, and what of it the budget
/// has room for.
///
/// A trace that was kept at a share of what its rule asks stands for the others that were not.
/// Driven by verdicts; not safe for threads.
public final class DemandWindow {

    private final long sliceMillis;
    private final int sliceCount;
    private final int maxOperations;
    private final ArrayDeque<Slice> slices = new ArrayDeque<>();
    private long first = Long.MAX_VALUE;
    private long newest = Long.MIN_VALUE;

    private static final class Amount {
        private double spans;
        private double bytes;

        void add(double moreSpans, double moreBytes) {
            spans += moreSpans;
            bytes += moreBytes;
        }

        double of(boolean inBytes) {
            return inBytes ? bytes : spans;
        }
    }

    private static final class Slice {
        private final long number;
        private final Amount certain = new Amount();
        private final Amount others = new Amount();
        private final Map<RootOperation, Amount> byOperation = new HashMap<>();

        Slice(long number) {
            this.number = number;
        }
    }

    /// @param windowMillis how far back it looks, in the log's time
    /// @param slices how many steps the window slides in
    /// @param maxOperations how many operations are told apart; the others share
    public DemandWindow(long windowMillis, int slices, int maxOperations) {
        if (slices < 1 || windowMillis < slices) {
            throw new IllegalArgumentException(
                    "window: "
                            + windowMillis
                            + " ms in "
                            + slices
                            + " slices (expected: at least a millisecond each)");
        }
        this.sliceMillis = windowMillis / slices;
        this.sliceCount = slices;
        this.maxOperations = maxOperations;
    }

    /// @param closedAt the log time of the verdict, milliseconds since the epoch
    /// @param leastThreshold that a span of the trace came with; what a head dropped asks for
    ///   nothing
    /// @param bytes of the trace as it was stored
    public void add(
            RootOperation operation,
            long closedAt,
            Verdict verdict,
            long leastThreshold,
            int spans,
            long bytes) {
        if (!verdict.kept()) {
            return;
        }
        long number = Math.floorDiv(closedAt, sliceMillis);
        if (number > newest) {
            newest = number;
            first = Math.min(first, number);
            slices.addFirst(new Slice(number));
            while (slices.getLast().number <= newest - sliceCount) {
                slices.removeLast();
            }
        }
        for (var slice : slices) {
            if (slice.number == number) {
                double standsFor =
                        Weight.of(Math.max(leastThreshold, verdict.threshold()))
                                / Weight.of(Math.max(leastThreshold, verdict.ruleThreshold()));
                amount(slice, operation, verdict)
                        .add(spans * standsFor, (double) bytes * standsFor);
            }
        }
    }

    private Amount amount(Slice slice, RootOperation operation, Verdict verdict) {
        if (verdict.ruleThreshold() == 0) {
            return slice.certain;
        }
        var known = slice.byOperation.get(operation);
        if (known != null) {
            return known;
        }
        if (slice.byOperation.size() >= maxOperations) {
            return slice.others;
        }
        var made = new Amount();
        slice.byOperation.put(operation, made);
        return made;
    }

    /// What fits as the window stands.
    public Shares shares(Budget budget) {
        if (budget.isUnlimited() || slices.isEmpty()) {
            return Shares.ALL;
        }
        double seconds = Math.min(sliceCount, newest - first + 1) * sliceMillis / 1e3;
        var bySpans = shares(budget.spansPerSecond() * seconds, false);
        var byBytes = shares(budget.bytesPerSecond() * seconds, true);
        var least = new HashMap<RootOperation, Double>(bySpans.byOperation());
        byBytes.byOperation()
                .forEach((operation, share) -> least.merge(operation, share, Math::min));
        return new Shares(
                Math.min(bySpans.certain(), byBytes.certain()),
                least,
                Math.min(bySpans.others(), byBytes.others()));
    }

    private Shares shares(double room, boolean inBytes) {
        if (room == 0) {
            return Shares.ALL;
        }
        double certain = 0;
        double others = 0;
        var demand = new HashMap<RootOperation, Double>();
        for (var slice : slices) {
            certain += slice.certain.of(inBytes);
            others += slice.others.of(inBytes);
            slice.byOperation.forEach((operation, amount) ->
                    demand.merge(operation, amount.of(inBytes), Double::sum));
        }
        // What rules keep for certain comes first; chance gives way.
        var amounts =
                DoubleStream.concat(
                        demand.values().stream().mapToDouble(Double::doubleValue),
                        DoubleStream.of(others));
        double level = level(amounts.sorted().toArray(), Math.max(0, room - certain));
        var byOperation = new HashMap<RootOperation, Double>();
        demand.forEach((operation, amount) ->
                byOperation.put(operation, amount <= level ? 1 : level / amount));
        return new Shares(
                certain <= room ? 1 : room / certain,
                byOperation,
                others <= level ? 1 : level / others);
    }

    /// The amount that each may have at most so that all together have no more than there is room
    /// for: those who ask for little get all of it, and those who ask for much the same.
    ///
    /// @param ascending what each asks for
    private static double level(double[] ascending, double room) {
        double left = room;
        for (int i = 0; i < ascending.length; i++) {
            double each = left / (ascending.length - i);
            if (ascending[i] > each) {
                return each;
            }
            left -= ascending[i];
        }
        return Double.POSITIVE_INFINITY;
    }
}
