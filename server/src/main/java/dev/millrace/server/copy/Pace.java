package dev.millrace.server.copy;

import java.time.Duration;
import java.util.function.LongSupplier;

/// Keeps work below a number of pieces a second, counted from its beginning.
///
/// For one thread.
public final class Pace {

    /// Lets time pass.
    @FunctionalInterface
    public interface Pause {
        void last(Duration time);
    }

    private final long perSecond;
    private final LongSupplier nanoTime;
    private final Pause pause;
    private final long begin;
    private long done;

    /// @param perSecond 0 for no bound
    public Pace(long perSecond, LongSupplier nanoTime, Pause pause) {
        this.perSecond = perSecond;
        this.nanoTime = nanoTime;
        this.pause = pause;
        this.begin = nanoTime.getAsLong();
    }

    /// So many more are done: returns when that many may be.
    void done(long pieces) {
        done += pieces;
        if (perSecond <= 0) {
            return;
        }
        long due = (long) (1e9 * done / perSecond);
        long early = due - (nanoTime.getAsLong() - begin);
        if (early > 0) {
            pause.last(Duration.ofNanos(early));
        }
    }
}
