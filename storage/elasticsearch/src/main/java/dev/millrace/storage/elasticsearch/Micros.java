package dev.millrace.storage.elasticsearch;

/// Nanoseconds as the index has them: whole microseconds, none of them negative, for Jaeger's
/// readers know no others.
///
/// Never in the wrong order, so a bound in microseconds lets through whatever the one in
/// nanoseconds does.
final class Micros {

    static final long NANOS = 1_000;

    private Micros() {}

    static long of(long nanos) {
        return Math.max(0, nanos) / NANOS;
    }

    /// The last nanosecond of a microsecond.
    static long end(long micros) {
        return micros > Long.MAX_VALUE / NANOS - 1 ? Long.MAX_VALUE : micros * NANOS + NANOS - 1;
    }
}
