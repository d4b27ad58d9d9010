package dev.millrace.verification;

import dev.millrace.verification.ScalingRule.Pace;
import java.util.ArrayDeque;
import java.util.Deque;

/// Decides how many processes of a role there should be, as Kubernetes decides it for a
/// ScaledObject of KEDA.
///
/// KEDA gives the lag to a HorizontalPodAutoscaler, and that asks for as many processes as share
/// the lag with no more than so much for each. It leaves their number alone where that comes within
/// a tenth of the lag there is. It takes some away only where every look of the calm before wanted
/// fewer, and changes their number within a period by no more than the rule says.
///
/// No clock, no threads. Not safe for threads.
final class Autoscaler {

    private static final double TOLERANCE = 0.1;

    /// @param count processes, or how many more or fewer there are from then on
    private record Moment(long nanos, int count) {}

    private final ScalingRule rule;
    private final Deque<Moment> wishes = new ArrayDeque<>();
    private final Deque<Moment> changes = new ArrayDeque<>();

    Autoscaler(ScalingRule rule) {
        this.rule = rule;
    }

    /// Looks once.
    ///
    /// @param nanos of a clock that only counts time that has passed
    /// @param lag records of the group in the topic
    /// @param count how many processes there are to be so far
    /// @return how many there are to be from now on
    int next(long nanos, long lag, int count) {
        wishes.add(new Moment(nanos, wish(lag, count)));
        int next = Math.clamp(paced(nanos, calm(nanos, count), count), rule.least(), rule.most());
        if (next != count) {
            changes.add(new Moment(nanos, next - count));
        }
        return next;
    }

    private int wish(long lag, int count) {
        double used = (double) lag / (rule.share() * count);
        return Math.abs(used - 1) <= TOLERANCE
                ? count
                : (int) Math.min(Math.ceilDiv(lag, rule.share()), rule.most());
    }

    /// What all looks of the calm agree on.
    private int calm(long nanos, int count) {
        long longest = Math.max(rule.up().calm().toNanos(), rule.down().calm().toNanos());
        wishes.removeIf(wish -> nanos - wish.nanos() > longest);
        int most = wishes.getLast().count();
        int least = most;
        for (var wish : wishes) {
            if (nanos - wish.nanos() < rule.down().calm().toNanos()) {
                most = Math.max(most, wish.count());
            }
            if (nanos - wish.nanos() < rule.up().calm().toNanos()) {
                least = Math.min(least, wish.count());
            }
        }
        return Math.min(Math.max(count, least), most);
    }

    private int paced(long nanos, int wanted, int count) {
        if (wanted > count) {
            return Math.min(wanted, Math.max(count, bound(nanos, rule.up(), 1, count)));
        }
        if (wanted < count) {
            return Math.max(wanted, Math.min(count, bound(nanos, rule.down(), -1, count)));
        }
        return count;
    }

    /// How far it may go in a direction: from what it was when the period began.
    private int bound(long nanos, Pace pace, int direction, int count) {
        int begun = count;
        for (var change : changes) {
            if (nanos - change.nanos() < pace.period().toNanos()) {
                begun -= change.count();
            }
        }
        return switch (pace.unit()) {
            case PODS -> begun + direction * pace.value();
            case PERCENT -> (int) Math.ceil(begun * (1 + direction * pace.value() / 100.0));
        };
    }
}
