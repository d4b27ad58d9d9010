package dev.millrace.load;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.RetryInfo;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpHeaders;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.RequestHeaders;
import dev.millrace.model.Slice;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A protocol over gRPC, framed by hand because bodies are bytes already and stay so.
final class GrpcExchange implements Exchange {

    private static final int FRAME_HEADER = 5;

    private final Protocol protocol;
    private final boolean gzip;
    private final RequestHeaders headers;

    GrpcExchange(Protocol protocol, boolean gzip) {
        this.protocol = protocol;
        this.gzip = gzip;
        var builder =
                RequestHeaders.builder(HttpMethod.POST, protocol.path())
                        .set(HttpHeaderNames.CONTENT_TYPE, protocol.contentType())
                        .set(HttpHeaderNames.TE, "trailers");
        if (gzip) {
            builder.set("grpc-encoding", "gzip");
        }
        this.headers = builder.build();
    }

    @Override
    public byte[] wrap(Slice body) {
        var message = gzip ? Slice.of(Exchange.gzip(body)) : body;
        return ByteBuffer.allocate(FRAME_HEADER + message.length())
                .put((byte) (gzip ? 1 : 0))
                .putInt(message.length())
                .put(message.array(), message.offset(), message.length())
                .array();
    }

    @Override
    public CompletableFuture<AggregatedHttpResponse> send(WebClient client, byte[] wrapped) {
        return client.execute(HttpRequest.of(headers, HttpData.wrap(wrapped))).aggregate();
    }

    @Override
    public Answer read(AggregatedHttpResponse response) {
        // An answer without a body carries its status in the headers.
        HttpHeaders trailers =
                response.headers().contains("grpc-status")
                        ? response.headers()
                        : response.trailers();
        String status = trailers.get("grpc-status");
        if (status == null) {
            return withoutStatus(response);
        }
        String reason = "gRPC " + status + " " + trailers.get("grpc-message", "");
        return switch (status) {
            case "0" -> message(response.content().array());
            // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS
            case "1", "4", "10", "11", "14", "15" -> new Answer.Again(reason, hint(trailers));
            // RESOURCE_EXHAUSTED may pass only where the receiver says so.
            case "8" -> {
                var hint = hint(trailers);
                yield hint == null ? new Answer.Refused(reason) : new Answer.Again(reason, hint);
            }
            default -> new Answer.Refused(reason);
        };
    }

    // Something between here and the receiver answered, as gRPC's HTTP mapping has it.
    private static Answer withoutStatus(AggregatedHttpResponse response) {
        String reason = "HTTP " + response.status() + " without grpc-status";
        return switch (response.status().code()) {
            case 200, 429, 502, 503, 504 -> new Answer.Again(reason, null);
            default -> new Answer.Refused(reason);
        };
    }

    private Answer message(byte[] frame) {
        if (frame.length < FRAME_HEADER || frame[0] != 0) {
            return new Answer.Refused(
                    "answer: " + frame.length + " bytes (expected: one uncompressed message)");
        }
        int length = ByteBuffer.wrap(frame).getInt(1);
        return length == frame.length - FRAME_HEADER
                ? Exchange.accepted(protocol, Arrays.copyOfRange(frame, FRAME_HEADER, frame.length))
                : new Answer.Refused(
                        "answer: a message of "
                                + length
                                + " bytes (expected: "
                                + (frame.length - FRAME_HEADER)
                                + ")");
    }

    private static @Nullable Duration hint(HttpHeaders trailers) {
        String details = trailers.get("grpc-status-details-bin");
        if (details == null) {
            return null;
        }
        try {
            var status = com.google.rpc.Status.parseFrom(Base64.getDecoder().decode(details));
            for (var detail : status.getDetailsList()) {
                if (detail.is(RetryInfo.class)) {
                    var delay = detail.unpack(RetryInfo.class).getRetryDelay();
                    return Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                }
            }
            return null;
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            // Details that cannot be read are no hint; the status alone decides then.
            return null;
        }
    }
}
