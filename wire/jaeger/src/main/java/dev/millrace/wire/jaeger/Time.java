package dev.millrace.wire.jaeger;

/// Jaeger's times as nanoseconds.
final class Time {

    private static final long MAX_SECONDS = Long.MAX_VALUE / 1_000_000_000 - 2;
    private static final long MAX_MICROS = Long.MAX_VALUE / 1000 - 1;

    private Time() {}

    /// A time outside of what 64 bits of nanoseconds hold is the nearest one that they do.
    static long nanos(long seconds, long nanos) {
        return Math.clamp(seconds, -MAX_SECONDS, MAX_SECONDS) * 1_000_000_000 + nanos;
    }

    static long micros(long micros) {
        return Math.clamp(micros, -MAX_MICROS, MAX_MICROS) * 1000;
    }
}
