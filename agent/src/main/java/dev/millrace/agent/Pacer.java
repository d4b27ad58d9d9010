package dev.millrace.agent;

/// Holds bytes to a rate, over seconds and not over milliseconds.
///
/// What goes may be larger than what is allowed at the moment; the next waits for it. Not safe for
/// threads.
final class Pacer {

    private static final double NANOS = 1e9;

    private final long bytesPerSecond;
    private double allowed;
    private long last;

    /// @param bytesPerSecond 0 for any number
    Pacer(long bytesPerSecond, long now) {
        this.bytesPerSecond = bytesPerSecond;
        this.allowed = (double) bytesPerSecond;
        this.last = now;
    }

    /// How long to wait, nanoseconds; 0 for not at all.
    long delay(long now) {
        if (bytesPerSecond == 0) {
            return 0;
        }
        // A second's worth is saved up at most.
        allowed =
                Math.min(
                        (double) bytesPerSecond, allowed + bytesPerSecond * ((now - last) / NANOS));
        last = now;
        return allowed > 0 ? 0 : (long) Math.ceil(-allowed * NANOS / bytesPerSecond) + 1;
    }

    void sent(long bytes) {
        allowed -= bytes;
    }
}
