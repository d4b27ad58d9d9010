package dev.millrace.query;

import java.time.Duration;

/// How Jaeger's APIs behave where Jaeger can be told.
///
/// @param grpcPort where they are served over gRPC; 0 for any free port, -1 for not at all
/// @param maxClockSkew the most by which the times of a span are moved to agree with its parent's;
///   zero for not at all
public record JaegerConfig(int grpcPort, Duration maxClockSkew) {

    static final JaegerConfig DEFAULT = new JaegerConfig(-1, Duration.ZERO);

    public JaegerConfig {
        if (grpcPort < -1 || grpcPort > 65_535) {
            throw new IllegalArgumentException(
                    "grpc port: " + grpcPort + " (expected: -1 to 65535)");
        }
        if (maxClockSkew.isNegative()) {
            throw new IllegalArgumentException(
                    "max clock skew: " + maxClockSkew + " (expected: zero or more)");
        }
    }
}
