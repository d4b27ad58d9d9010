package dev.millrace.collector;

import java.util.concurrent.atomic.AtomicLong;

/// The bytes of all requests in flight, counted to the byte and never over a limit.
///
/// Safe for any number of threads.
final class Admission {

    private final long limit;
    private final AtomicLong inFlight = new AtomicLong();

    Admission(long limit) {
        this.limit = limit;
    }

    long inFlight() {
        return inFlight.get();
    }

    Ticket open() {
        return new Ticket();
    }

    private void take(long bytes) {
        long now = inFlight.get();
        while (true) {
            if (bytes > limit - now) {
                throw Refusal.passing(
                                Outcome.OVER_CAPACITY,
                                "requests in flight: "
                                        + now
                                        + " bytes (expected: room for "
                                        + bytes
                                        + " more below "
                                        + limit
                                        + ")")
                        .asException();
            }
            long seen = inFlight.compareAndExchange(now, now + bytes);
            if (seen == now) {
                return;
            }
            now = seen;
        }
    }

    /// One request's share, held by whoever still needs its bytes.
    ///
    /// Opened with one holder; given back when the last has let go.
    final class Ticket {

        private long bytes;
        private int holders = 1;

        /// Counts bytes that arrived.
        ///
        /// @throws RefusedException when there is no room for them
        synchronized void add(long more) {
            if (holders > 0) {
                take(more);
                bytes += more;
            }
        }

        /// Counts as many bytes as the request takes now, after decompression.
        ///
        /// @throws RefusedException when there is no room for them
        synchronized void resize(long now) {
            if (now > bytes) {
                add(now - bytes);
            } else if (holders > 0) {
                inFlight.addAndGet(now - bytes);
                bytes = now;
            }
        }

        synchronized void hold() {
            holders++;
        }

        synchronized void release() {
            holders--;
            if (holders == 0) {
                inFlight.addAndGet(-bytes);
                bytes = 0;
            }
        }
    }
}
