package dev.millrace.query;

import dev.millrace.model.Trace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/// Looks at traces one after another, at so many and for so long and no more.
///
/// @param ticker nanoseconds of any clock that only goes forward
record BoundedScan(int maxTraces, Duration maxTime, LongSupplier ticker) {

    /// What a scan found.
    ///
    /// @param looked how many traces were looked at
    /// @param pages how many pages of them the store was asked for
    /// @param complete false when a bound ended it before there was enough
    record Result<T>(List<T> found, int looked, int pages, boolean complete) {}

    /// @param wanted how many are enough
    <T> Result<T> run(CandidateWalk walk, int wanted, Function<Trace, Optional<T>> look) {
        long begin = ticker.getAsLong();
        var found = new ArrayList<T>();
        int looked = 0;
        while (found.size() < wanted) {
            if (looked == maxTraces || ticker.getAsLong() - begin >= maxTime.toNanos()) {
                return new Result<>(found, looked, walk.pages(), false);
            }
            var trace = walk.next();
            if (trace.isEmpty()) {
                break;
            }
            looked++;
            look.apply(trace.get()).ifPresent(found::add);
        }
        return new Result<>(found, looked, walk.pages(), true);
    }
}
