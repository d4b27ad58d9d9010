package dev.millrace.pipeline;

import dev.millrace.model.ByteSize;
import java.time.Duration;

/// How spans are written to `spans`, how much may wait for Kafka's acknowledgement, and for how
/// long.
///
/// @param keying which spans make a record, and where it goes
/// @param encoding the format of the records' values; other than OTLP only by trace id
/// @param maxInFlight bytes of spans that were accepted and not yet acknowledged; more are refused
/// @param maxWait once a request has waited this long for its acknowledgement, others are refused
/// @param deliveryTimeout after how long without an acknowledgement a request has failed
/// @param markers which markers are appended where no spans come
public record SinkConfig(
        Keying keying,
        Encoding encoding,
        ByteSize maxInFlight,
        Duration maxWait,
        Duration deliveryTimeout,
        Markers markers) {

    /// When markers are appended to a partition in which no spans come, so that its time goes on
    /// where no aggregator is to see to it.
    ///
    /// @param interval after how long without a record, and from one to the next; zero for none
    /// @param lasting for how long after the last span, and after a start
    public record Markers(Duration interval, Duration lasting) {

        /// None at all.
        public static final Markers NONE = new Markers(Duration.ZERO, Duration.ZERO);

        public Markers {
            if (!interval.isZero() && (interval.toMillis() < 100 || interval.toMinutes() > 1)) {
                throw new IllegalArgumentException(
                        "markers.interval: " + interval + " (expected: 0, or 100 ms to 1 min)");
            }
            if (lasting.compareTo(interval) < 0) {
                throw new IllegalArgumentException(
                        "markers.lasting: "
                                + lasting
                                + " (expected: at least the interval, "
                                + interval
                                + ")");
            }
        }

        boolean wanted() {
            return interval.isPositive();
        }
    }

    /// The largest request the collector takes: less would refuse it for ever.
    private static final ByteSize LEAST_IN_FLIGHT = ByteSize.ofMebibytes(16);

    // Less than clients and receivers wait, so that what was accepted is also answered in time.
    private static final Duration USUAL_WAIT = Duration.ofSeconds(3);

    public SinkConfig {
        if (encoding != Encoding.OTLP_PROTO && keying != Keying.TRACE_ID) {
            throw new IllegalArgumentException(
                    "keying: "
                            + keying.word()
                            + " (expected: trace-id, because the encoding is "
                            + encoding.word()
                            + ")");
        }
        if (maxInFlight.bytes() < LEAST_IN_FLIGHT.bytes()) {
            throw new IllegalArgumentException(
                    "max-in-flight: "
                            + maxInFlight
                            + " (expected: at least "
                            + LEAST_IN_FLIGHT
                            + ")");
        }
        if (maxWait.toMillis() < 100 || maxWait.toHours() > 1) {
            throw new IllegalArgumentException(
                    "max-wait: " + maxWait + " (expected: 100 ms to 1 h)");
        }
        if (deliveryTimeout.toMillis() < 1_000 || deliveryTimeout.toHours() > 1) {
            throw new IllegalArgumentException(
                    "delivery-timeout: " + deliveryTimeout + " (expected: 1 s to 1 h)");
        }
    }

    /// OTLP, keyed by trace id.
    public SinkConfig(ByteSize maxInFlight, Duration deliveryTimeout) {
        this(
                Keying.TRACE_ID,
                Encoding.OTLP_PROTO,
                maxInFlight,
                USUAL_WAIT,
                deliveryTimeout,
                Markers.NONE);
    }

    public SinkConfig withKeying(Keying newKeying) {
        return new SinkConfig(newKeying, encoding, maxInFlight, maxWait, deliveryTimeout, markers);
    }

    public SinkConfig withEncoding(Encoding newEncoding) {
        return new SinkConfig(keying, newEncoding, maxInFlight, maxWait, deliveryTimeout, markers);
    }

    public SinkConfig withMarkers(Markers newMarkers) {
        return new SinkConfig(keying, encoding, maxInFlight, maxWait, deliveryTimeout, newMarkers);
    }

    /// To be asked where an aggregator reads what is written so.
    ///
    /// @throws IllegalArgumentException when it could not
    public void checkForAggregator() {
        if (keying == Keying.ROUND_ROBIN) {
            throw new IllegalArgumentException(
                    "spans.keying: "
                            + keying.word()
                            + " (expected: trace-id or packed where an aggregator runs)");
        }
    }

    public static SinkConfig defaults() {
        return new SinkConfig(ByteSize.ofMebibytes(64), Duration.ofSeconds(30));
    }
}
