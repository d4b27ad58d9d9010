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
public record SinkConfig(
        Keying keying,
        Encoding encoding,
        ByteSize maxInFlight,
        Duration maxWait,
        Duration deliveryTimeout) {

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
        this(Keying.TRACE_ID, Encoding.OTLP_PROTO, maxInFlight, USUAL_WAIT, deliveryTimeout);
    }

    public SinkConfig withKeying(Keying newKeying) {
        return new SinkConfig(newKeying, encoding, maxInFlight, maxWait, deliveryTimeout);
    }

    public SinkConfig withEncoding(Encoding newEncoding) {
        return new SinkConfig(keying, newEncoding, maxInFlight, maxWait, deliveryTimeout);
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
