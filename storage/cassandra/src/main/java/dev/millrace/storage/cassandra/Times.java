package dev.millrace.storage.cassandra;

import java.time.Duration;
import java.time.Instant;

/// Our nanoseconds as Jaeger's columns have them, and the windows of our own index.
final class Times {

    /// The length of a partition of our own index.
    static final Duration WINDOW = Duration.ofMinutes(10);

    private static final long NANOS_OF_MICRO = 1_000;
    private static final long NANOS_OF_MILLI = 1_000_000;
    private static final long NANOS_OF_HOUR = Duration.ofHours(1).toNanos();

    private Times() {}

    /// Never later than the nanoseconds.
    static long micros(long nanos) {
        return Math.floorDiv(nanos, NANOS_OF_MICRO);
    }

    /// The first nanosecond that is written as these microseconds, as far as there is one.
    static long firstNanos(long micros) {
        return micros <= micros(Long.MIN_VALUE)
                ? Long.MIN_VALUE
                : Math.min(micros, micros(Long.MAX_VALUE)) * NANOS_OF_MICRO;
    }

    /// The last nanosecond that is written as these microseconds.
    static long lastNanos(long micros) {
        return micros >= micros(Long.MAX_VALUE)
                ? Long.MAX_VALUE
                : micros * NANOS_OF_MICRO + NANOS_OF_MICRO - 1;
    }

    /// The start of the window that a time lies in.
    static Instant window(long nanos) {
        return millis(Math.floorDiv(nanos, WINDOW.toNanos()) * WINDOW.toMillis());
    }

    /// The nearest full hour, as Jaeger's index of durations has it.
    static Instant nearestHour(long nanos) {
        long down = Math.floorDiv(nanos, NANOS_OF_HOUR);
        boolean up = Math.floorMod(nanos, NANOS_OF_HOUR) >= NANOS_OF_HOUR / 2;
        return millis((up ? down + 1 : down) * (NANOS_OF_HOUR / NANOS_OF_MILLI));
    }

    private static Instant millis(long millis) {
        return Instant.ofEpochMilli(millis);
    }
}
