package dev.millrace.wire.jaeger;

/// What Jaeger's clients, agents and collectors put on the wire.
public enum JaegerFormat {
    /// A `jaeger.api_v2.PostSpansRequest` of the gRPC collector service.
    POST_SPANS,
    /// One `jaeger.api_v2.Span` with its process inside, as on Kafka with `jaeger_proto`.
    SPAN_PROTO,
    /// The same span in protobuf's JSON mapping, as on Kafka with `jaeger_json`.
    SPAN_JSON,
    /// A Thrift `Batch` in the binary protocol, as posted over HTTP.
    BATCH_BINARY,
    /// A Thrift `Batch` in the compact protocol, as posted over HTTP.
    BATCH_COMPACT,
    /// A UDP datagram for an agent with an `emitBatch` message in the binary protocol.
    AGENT_BINARY,
    /// A UDP datagram for an agent with an `emitBatch` message in the compact protocol.
    AGENT_COMPACT
}
