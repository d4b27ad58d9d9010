package dev.millrace.agent;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.RetryInfo;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpHeaders;
import dev.millrace.model.Slice;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// What a gRPC server said to one message.
///
/// @param code as gRPC has it
/// @param message of the answer where the code is `OK`
/// @param reason in words otherwise
/// @param after how long the server wants to be left alone; null when it did not say
record GrpcAnswer(Status.Code code, Slice message, String reason, @Nullable Duration after) {

    private static final int PREFIX = 5;

    static GrpcAnswer of(AggregatedHttpResponse response) {
        // An answer without a body carries its status in the headers.
        HttpHeaders trailers =
                response.headers().contains("grpc-status")
                        ? response.headers()
                        : response.trailers();
        int number = trailers.getInt("grpc-status", -1);
        if (number < 0) {
            return withoutStatus(response);
        }
        var code = Status.fromCodeValue(number).getCode();
        if (code == Status.Code.OK) {
            return message(response.content().array());
        }
        return new GrpcAnswer(
                code, Slice.EMPTY, code + " " + trailers.get("grpc-message", ""), hint(trailers));
    }

    // Something between here and the collector answered.
    private static GrpcAnswer withoutStatus(AggregatedHttpResponse response) {
        var code =
                response.status().code() == 413
                        ? Status.Code.INVALID_ARGUMENT
                        : Status.Code.UNAVAILABLE;
        return new GrpcAnswer(
                code, Slice.EMPTY, "HTTP " + response.status() + " without grpc-status", null);
    }

    private static GrpcAnswer message(byte[] frame) {
        if (frame.length >= PREFIX
                && frame[0] == 0
                && ByteBuffer.wrap(frame).getInt(1) == frame.length - PREFIX) {
            return new GrpcAnswer(
                    Status.Code.OK, Slice.of(frame, PREFIX, frame.length - PREFIX), "", null);
        }
        return new GrpcAnswer(
                Status.Code.INTERNAL,
                Slice.EMPTY,
                "answer: " + frame.length + " bytes (expected: one uncompressed message)",
                null);
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
        } catch (InvalidProtocolBufferException | IllegalArgumentException _) {
            // Details that cannot be read are no hint.
        }
        return null;
    }
}
