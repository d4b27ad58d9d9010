package dev.millrace.pipeline;

import java.time.Duration;

/// How long to wait before the next try: twice as long after every failure, up to a limit.
public final class Backoff {

    private final Duration first;
    private final Duration limit;
    private Duration next;

    public Backoff(Duration first, Duration limit) {
        this.first = first;
        this.limit = limit;
        this.next = first;
    }

    public Duration next() {
        Duration delay = next;
        Duration twice = delay.multipliedBy(2);
        next = twice.compareTo(limit) < 0 ? twice : limit;
        return delay;
    }

    public void reset() {
        next = first;
    }
}
