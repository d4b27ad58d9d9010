package dev.millrace.load;

import com.google.protobuf.InvalidProtocolBufferException;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import dev.millrace.model.Slice;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.zip.GZIPOutputStream;

/// One way for requests to travel: puts a body on the wire and understands the answer.
sealed interface Exchange permits GrpcExchange, HttpExchange {

    /// The body as this transport sends it, made once however often it is sent.
    byte[] wrap(Slice body);

    /// Sends a wrapped body; fails when there was no answer.
    CompletableFuture<AggregatedHttpResponse> send(WebClient client, byte[] wrapped);

    /// What the answer means.
    Answer read(AggregatedHttpResponse response);

    static byte[] gzip(Slice body) {
        var out = new ByteArrayOutputStream(body.length() / 4 + 64);
        try (var gzip = new GZIPOutputStream(out, 8192)) {
            gzip.write(body.array(), body.offset(), body.length());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /// What the message of a good answer means.
    static Answer accepted(Protocol protocol, byte[] message) {
        return switch (protocol) {
            case OTLP_GRPC, OTLP_HTTP -> accepted(message);
            // Whatever they say, they took everything in.
            case ZIPKIN_JSON, ZIPKIN_PROTO, JAEGER_GRPC -> new Answer.Accepted(0);
        };
    }

    private static Answer accepted(byte[] message) {
        try {
            var response = ExportTraceServiceResponse.parseFrom(message);
            return new Answer.Accepted(response.getPartialSuccess().getRejectedSpans());
        } catch (InvalidProtocolBufferException e) {
            return new Answer.Refused("answer is not an ExportTraceServiceResponse: " + e);
        }
    }
}
