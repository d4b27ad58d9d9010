package dev.millrace.storage.kafka;

import java.time.Duration;

/// When an answer is too late.
///
/// @param begin by [System#nanoTime()]
/// @param patience how long after that
record Deadline(long begin, Duration patience) {

    /// So long from now.
    static Deadline in(Duration patience) {
        return new Deadline(System.nanoTime(), patience);
    }

    /// How long there is still; 0 or less when it is too late.
    long nanosLeft() {
        return patience.toNanos() - (System.nanoTime() - begin);
    }
}
