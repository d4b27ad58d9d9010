package dev.millrace.collector;

import dev.millrace.pipeline.format.SpanFormat;
import dev.millrace.wire.jaeger.JaegerFormat;
import dev.millrace.wire.zipkin.ZipkinFormat;

/// The calls by which spans come over gRPC, and how each is answered.
enum GrpcProtocol {
    OTLP("opentelemetry.proto.collector.trace.v1.TraceService/Export", Transport.OTLP_GRPC) {
        @Override
        SpanFormat format() {
            return SpanFormat.Otlp.PROTOBUF;
        }

        @Override
        byte[] answer(Receipt receipt) {
            return OtlpHttp.toProtobuf(receipt);
        }
    },
    /// A `ListOfSpans`, answered with a `ReportResponse`.
    ZIPKIN("zipkin.proto3.SpanService/Report", Transport.ZIPKIN_GRPC) {
        @Override
        SpanFormat format() {
            return new SpanFormat.Zipkin(ZipkinFormat.PROTOBUF);
        }
    },
    /// A `PostSpansRequest`, answered with a `PostSpansResponse`.
    JAEGER("jaeger.api_v2.CollectorService/PostSpans", Transport.JAEGER_GRPC) {
        @Override
        SpanFormat format() {
            return new SpanFormat.Jaeger(JaegerFormat.POST_SPANS);
        }
    };

    private static final byte[] EMPTY = new byte[0];

    private final String call;
    private final Transport transport;

    GrpcProtocol(String call, Transport transport) {
        this.call = call;
        this.transport = transport;
    }

    /// The service's name and the method's, as a path has them.
    String call() {
        return call;
    }

    Transport transport() {
        return transport;
    }

    /// What the request message is.
    abstract SpanFormat format();

    /// The response message, which most leave empty.
    ///
    /// @throws RefusedException when nothing was taken in and there is no word for it
    byte[] answer(Receipt receipt) {
        var _ = receipt.orRefused();
        return EMPTY;
    }
}
