package dev.millrace.collector;

import java.util.Locale;

/// A port the collector can listen on, named by the clients that look for it there.
///
/// What a port answers is wider than its name: see [Collector].
public enum Receiver {
    /// OTLP over gRPC.
    OTLP_GRPC(4317, false),
    /// OTLP over HTTP.
    OTLP_HTTP(4318, false),
    /// Zipkin over HTTP and gRPC.
    ZIPKIN(9411, false),
    /// Jaeger's model over gRPC.
    JAEGER_GRPC(14250, false),
    /// Jaeger's Thrift over HTTP.
    JAEGER_HTTP(14268, false),
    /// What Jaeger's clients send their agent, in Thrift's compact protocol.
    JAEGER_UDP_COMPACT(6831, true),
    /// The same in Thrift's binary protocol.
    JAEGER_UDP_BINARY(6832, true),
    /// What SDKs are to sample, asked for over HTTP.
    SAMPLING_HTTP(5778, false),
    /// The same over gRPC.
    SAMPLING_GRPC(5779, false);

    private final int defaultPort;
    private final boolean datagrams;

    Receiver(int defaultPort, boolean datagrams) {
        this.defaultPort = defaultPort;
        this.datagrams = datagrams;
    }

    /// The port that its clients try unless told otherwise.
    public int defaultPort() {
        return defaultPort;
    }

    /// Whether it listens for UDP, which knows neither answers nor credentials.
    public boolean datagrams() {
        return datagrams;
    }

    /// The word for it in configuration.
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
