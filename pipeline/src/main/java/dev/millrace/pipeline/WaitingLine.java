package dev.millrace.pipeline;

import java.util.ArrayDeque;

/// The requests that wait for Kafka, oldest first: tells how long the oldest has waited.
///
/// Bytes alone are no bound on waiting: what a slow Kafka needs half a minute for, a fast one takes
/// in a blink, and a request that waits longer than its sender does is sent twice. Safe for any
/// number of threads.
final class WaitingLine {

    private final ArrayDeque<Delivery> line = new ArrayDeque<>();

    synchronized void join(Delivery delivery) {
        line.add(delivery);
    }

    /// @param now on the clock of the deliveries
    /// @return nanoseconds; 0 when nobody waits
    synchronized long longest(long now) {
        var oldest = line.peek();
        while (oldest != null && oldest.future().isDone()) {
            line.remove();
            oldest = line.peek();
        }
        return oldest == null ? 0 : now - oldest.startNanos();
    }
}
