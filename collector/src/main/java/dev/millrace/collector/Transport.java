package dev.millrace.collector;

import java.util.Locale;

/// A way for spans to come in: what metrics tell apart.
public enum Transport {
    OTLP_GRPC,
    OTLP_HTTP,
    ZIPKIN_HTTP,
    ZIPKIN_GRPC,
    JAEGER_GRPC,
    JAEGER_HTTP,
    JAEGER_UDP_COMPACT,
    JAEGER_UDP_BINARY,
    KAFKA,
    ACTIVEMQ,
    RABBITMQ,
    /// A path or method that no receiver has.
    UNKNOWN;

    /// Whether it has requests that are answered one by one, as UDP has not.
    boolean answers() {
        return this != JAEGER_UDP_COMPACT && this != JAEGER_UDP_BINARY;
    }

    /// The word for it in metrics.
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
