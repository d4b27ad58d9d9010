package dev.millrace.pipeline;

import io.micrometer.core.instrument.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/// Lets one line of a repeating failure into the log per interval.
public final class LogGate {

    private static final long INTERVAL_NANOS = Duration.ofSeconds(30).toNanos();

    private final Clock clock;
    private final AtomicLong next;

    public LogGate(Clock clock) {
        this(clock, Duration.ZERO);
    }

    /// @param patience what fails only for so long is not worth a line
    public LogGate(Clock clock, Duration patience) {
        this.clock = clock;
        this.next = new AtomicLong(clock.monotonicTime() + patience.toNanos());
    }

    public boolean open() {
        long now = clock.monotonicTime();
        long due = next.get();
        return now - due >= 0 && next.compareAndSet(due, now + INTERVAL_NANOS);
    }
}
