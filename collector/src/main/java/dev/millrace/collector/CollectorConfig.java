package dev.millrace.collector;

import dev.millrace.model.ByteSize;
import dev.millrace.wire.otlp.SpanLimits;
import java.time.Duration;

/// Where the collector listens and how much it takes on.
///
/// @param host the address to listen on; `0.0.0.0` for all
/// @param grpcPort the port for OTLP over gRPC; 0 for any free one
/// @param httpPort the port for OTLP over HTTP; 0 for any free one
/// @param maxRequest the size over which a request is refused, as received and again decompressed
/// @param maxInFlight the bytes of all requests that are not answered yet; over it clients are
///   asked to come back
/// @param requestTimeout how long a request may take from its first byte to its answer
/// @param shutdownTimeout how long requests in flight may take when the collector closes
/// @param maxConnections how many connections may be open; more are closed at once
/// @param limits what a span may look like
public record CollectorConfig(
        String host,
        int grpcPort,
        int httpPort,
        ByteSize maxRequest,
        ByteSize maxInFlight,
        Duration requestTimeout,
        Duration shutdownTimeout,
        int maxConnections,
        Limits limits) {

    private static final ByteSize LEAST_REQUEST = ByteSize.parse("1KiB");
    private static final ByteSize MOST_REQUEST = ByteSize.parse("1GiB");
    private static final Duration LONGEST = Duration.ofHours(1);

    public static final CollectorConfig DEFAULT =
            new CollectorConfig(
                    "0.0.0.0",
                    4317,
                    4318,
                    ByteSize.ofMebibytes(16),
                    ByteSize.ofMebibytes(64),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(5),
                    10_000,
                    new Limits(
                            new Limits.Time(Duration.ofDays(30), Duration.ofDays(1)),
                            ByteSize.parse("64KiB")));

    public CollectorConfig {
        check(!host.isBlank(), "host", "\"" + host + "\"", "an address or host name");
        checkPort("grpc-port", grpcPort);
        checkPort("http-port", httpPort);
        check(
                grpcPort == 0 || grpcPort != httpPort,
                "http-port",
                httpPort,
                "another port than grpc-port");
        check(
                maxRequest.bytes() >= LEAST_REQUEST.bytes()
                        && maxRequest.bytes() <= MOST_REQUEST.bytes(),
                "max-request",
                maxRequest,
                LEAST_REQUEST + " to " + MOST_REQUEST);
        // A compressed request and what comes out of it are in memory at the same time.
        check(
                maxInFlight.bytes() >= 2 * maxRequest.bytes(),
                "max-in-flight",
                maxInFlight,
                "at least twice max-request, " + new ByteSize(2 * maxRequest.bytes()));
        checkTimeout("request-timeout", requestTimeout);
        checkTimeout("shutdown-timeout", shutdownTimeout);
        check(maxConnections >= 1, "max-connections", maxConnections, "at least 1");
    }

    /// What a span may look like to be taken in.
    ///
    /// @param time how far from now a span may start; others are rejected
    /// @param attribute the length at which the text or bytes of one attribute are cut
    public record Limits(Time time, ByteSize attribute) {

        public Limits {
            check(
                    attribute.bytes() >= 1 && attribute.bytes() <= MOST_REQUEST.bytes(),
                    "limits.attribute",
                    attribute,
                    "1 to " + MOST_REQUEST);
        }

        /// How far from now a span may start.
        ///
        /// @param past at most this long ago
        /// @param future at most this far ahead
        public record Time(Duration past, Duration future) {

            private static final Duration MOST = Duration.ofDays(36_500);

            public Time {
                check("limits.time.past", past);
                check("limits.time.future", future);
            }

            private static void check(String key, Duration value) {
                CollectorConfig.check(
                        !value.isNegative() && value.compareTo(MOST) <= 0,
                        key,
                        value,
                        "0 to " + MOST.toDays() + " days");
            }
        }

        SpanLimits toSpanLimits() {
            return new SpanLimits(
                    time.past().toNanos(), time.future().toNanos(), attribute.toIntExact());
        }
    }

    private static void checkPort(String key, int port) {
        check(port >= 0 && port <= 65_535, key, port, "0 to 65535");
    }

    private static void checkTimeout(String key, Duration value) {
        check(
                value.isPositive() && value.compareTo(LONGEST) <= 0,
                key,
                value,
                "more than 0, at most " + LONGEST.toHours() + " h");
    }

    private static void check(boolean valid, String key, Object value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(
                    key + ": " + value + " (expected: " + expected + ")");
        }
    }
}
