package dev.millrace.agent;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpHeaders;
import dev.millrace.collector.Outcome;
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
/// @param overRate whether it says that of the tenant alone, who is ahead of its rate
record GrpcAnswer(
        Status.Code code,
        Slice message,
        String reason,
        @Nullable Duration after,
        boolean overRate) {

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
        return hinted(code, code + " " + trailers.get("grpc-message", ""), trailers);
    }

    /// One without a message, and without a hint.
    static GrpcAnswer without(Status.Code code, String reason) {
        return new GrpcAnswer(code, Slice.EMPTY, reason, null, false);
    }

    // Something between here and the collector answered.
    private static GrpcAnswer withoutStatus(AggregatedHttpResponse response) {
        var code =
                response.status().code() == 413
                        ? Status.Code.INVALID_ARGUMENT
                        : Status.Code.UNAVAILABLE;
        return without(code, "HTTP " + response.status() + " without grpc-status");
    }

    private static GrpcAnswer message(byte[] frame) {
        if (frame.length >= PREFIX
                && frame[0] == 0
                && ByteBuffer.wrap(frame).getInt(1) == frame.length - PREFIX) {
            return new GrpcAnswer(
                    Status.Code.OK,
                    Slice.of(frame, PREFIX, frame.length - PREFIX),
                    "",
                    null,
                    false);
        }
        return without(
                Status.Code.INTERNAL,
                "answer: " + frame.length + " bytes (expected: one uncompressed message)");
    }

    private static GrpcAnswer hinted(Status.Code code, String reason, HttpHeaders trailers) {
        Duration after = null;
        boolean overRate = false;
        String details = trailers.get("grpc-status-details-bin");
        try {
            var status =
                    details == null
                            ? com.google.rpc.Status.getDefaultInstance()
                            : com.google.rpc.Status.parseFrom(Base64.getDecoder().decode(details));
            for (var detail : status.getDetailsList()) {
                if (detail.is(RetryInfo.class)) {
                    var delay = detail.unpack(RetryInfo.class).getRetryDelay();
                    after = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                } else if (detail.is(ErrorInfo.class)) {
                    overRate = Outcome.OVER_RATE.isTold(detail.unpack(ErrorInfo.class));
                }
            }
        } catch (InvalidProtocolBufferException | IllegalArgumentException _) {
            // Details that cannot be read are no hint.
        }
        return new GrpcAnswer(code, Slice.EMPTY, reason, after, overRate);
    }
}
