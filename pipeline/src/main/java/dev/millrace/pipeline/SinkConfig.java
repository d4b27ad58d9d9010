package dev.millrace.pipeline;

import dev.millrace.model.ByteSize;
import java.time.Duration;

/// How spans are written to `spans`, how much may wait for Kafka's acknowledgement, and for how
/// long.
///
/// @param keying which spans make a record, and where it goes
/// @param maxInFlight bytes of spans that were accepted and not yet acknowledged; more are refused
/// @param deliveryTimeout after how long without an acknowledgement a request has failed
public record SinkConfig(Keying keying, ByteSize maxInFlight, Duration deliveryTimeout) {

    /// The largest request the collector takes: less would refuse it for ever.
    private static final ByteSize LEAST_IN_FLIGHT = ByteSize.ofMebibytes(16);

    public SinkConfig {
        if (maxInFlight.bytes() < LEAST_IN_FLIGHT.bytes()) {
            throw new IllegalArgumentException(
                    "max-in-flight: "
                            + maxInFlight
                            + " (expected: at least "
                            + LEAST_IN_FLIGHT
                            + ")");
        }
        if (deliveryTimeout.toMillis() < 1_000 || deliveryTimeout.toHours() > 1) {
            throw new IllegalArgumentException(
                    "delivery-timeout: " + deliveryTimeout + " (expected: 1 s to 1 h)");
        }
    }

    /// Keyed by trace id.
    public SinkConfig(ByteSize maxInFlight, Duration deliveryTimeout) {
        this(Keying.TRACE_ID, maxInFlight, deliveryTimeout);
    }

    public SinkConfig withKeying(Keying newKeying) {
        return new SinkConfig(newKeying, maxInFlight, deliveryTimeout);
    }

    public static SinkConfig defaults() {
        return new SinkConfig(ByteSize.ofMebibytes(64), Duration.ofSeconds(30));
    }
}
