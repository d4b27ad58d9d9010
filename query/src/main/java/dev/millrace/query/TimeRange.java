package dev.millrace.query;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.Set;

/// From when to when, both included, in nanoseconds since the epoch: the parameters `start` and
/// `end` of our own API.
record TimeRange(long startNanos, long endNanos) {

    static final Set<String> PARAMETERS = Set.of("start", "end");

    private static final long SECOND = 1_000_000_000L;
    private static final String EXPECTED =
            "an RFC 3339 time such as 2026-11-21T03:00:00Z, or nanoseconds since the epoch";

    /// All time, unless told otherwise.
    static TimeRange of(Parameters parameters) {
        return of(
                parameters,
                time(parameters, "start").orElse(0L),
                time(parameters, "end").orElse(Long.MAX_VALUE));
    }

    /// The time up to now, unless told otherwise.
    ///
    /// @param length how long before its end it begins
    static TimeRange upTo(Instant now, long length, Parameters parameters) {
        long end = time(parameters, "end").orElseGet(() -> nanos(now));
        long start = time(parameters, "start").orElse(Math.max(0, end - length));
        return of(parameters, start, end);
    }

    private static TimeRange of(Parameters parameters, long start, long end) {
        if (start > end) {
            throw QueryException.invalid(
                    "start",
                    parameters.text("start").orElse(""),
                    "not after end, " + parameters.text("end").orElse("now"));
        }
        return new TimeRange(start, end);
    }

    Instant start() {
        return instant(startNanos);
    }

    Instant end() {
        return instant(endNanos);
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(nanos / SECOND, nanos % SECOND);
    }

    private static long nanos(Instant instant) {
        return Math.addExact(
                Math.multiplyExact(instant.getEpochSecond(), SECOND), instant.getNano());
    }

    private static Optional<Long> time(Parameters parameters, String name) {
        return parameters.read(name, EXPECTED, TimeRange::epochNanos);
    }

    private static Optional<Long> epochNanos(String text) {
        if (text.chars().allMatch(Character::isDigit)) {
            return Parameters.toLong(text);
        }
        try {
            return Optional.of(nanos(OffsetDateTime.parse(text).toInstant()))
                    .filter(number -> number >= 0);
        } catch (DateTimeException | ArithmeticException _) {
            return Optional.empty();
        }
    }
}
