package dev.millrace.access;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Entry.Denied;
import dev.millrace.access.Entry.Reason;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// Answers for those turned away, in the words they speak: a status of gRPC, a `google.rpc.Status`
/// in protobuf or JSON as OTLP has it, or plain text.
final class Refusals {

    private static final MediaType PROTOBUF = MediaType.parse("application/x-protobuf");

    private Refusals() {}

    static HttpResponse response(ServiceRequestContext context, Denied denial, String challenge) {
        var type = context.request().contentType();
        if (type != null && type.subtype().startsWith("grpc")) {
            return grpc(type, denial);
        }
        var headers = ResponseHeaders.builder(denial.reason().httpStatus());
        if (denial.reason().httpStatus().equals(HttpStatus.UNAUTHORIZED) && !challenge.isEmpty()) {
            headers.set(HttpHeaderNames.WWW_AUTHENTICATE, challenge);
        }
        if (denial.reason() == Reason.BUSY) {
            headers.setInt(HttpHeaderNames.RETRY_AFTER, 1);
        }
        return HttpResponse.of(headers.contentType(answerType(type)).build(), body(type, denial));
    }

    // A response of headers only, which is how gRPC says no before anything was read.
    private static HttpResponse grpc(MediaType type, Denied denial) {
        ResponseHeadersBuilder headers =
                ResponseHeaders.builder(HttpStatus.OK)
                        .endOfStream(true)
                        .contentType(type)
                        .setInt("grpc-status", denial.reason().grpcStatus())
                        .set("grpc-message", percentEncoded(denial.message()));
        return HttpResponse.of(headers.build());
    }

    private static MediaType answerType(@Nullable MediaType asked) {
        if (asked != null && asked.is(PROTOBUF)) {
            return PROTOBUF;
        }
        return asked != null && asked.is(MediaType.JSON)
                ? MediaType.JSON
                : MediaType.PLAIN_TEXT_UTF_8;
    }

    private static HttpData body(@Nullable MediaType asked, Denied denial) {
        if (asked != null && asked.is(PROTOBUF)) {
            return HttpData.wrap(protobuf(denial));
        }
        if (asked != null && asked.is(MediaType.JSON)) {
            // Messages are made here, of letters that JSON takes as they are but for the quote.
            return HttpData.ofUtf8(
                    "{\"code\":"
                            + denial.reason().grpcStatus()
                            + ",\"message\":\""
                            + denial.message().replace("\\", "\\\\").replace("\"", "\\\"")
                            + "\"}");
        }
        return HttpData.ofUtf8(denial.message() + "\n");
    }

    private static byte[] protobuf(Denied denial) {
        var message = denial.message().getBytes(StandardCharsets.UTF_8);
        var out = new ByteArrayOutputStream(message.length + 8);
        out.write(1 << 3);
        out.write(denial.reason().grpcStatus());
        out.write((2 << 3) | 2);
        int length = message.length;
        while (length >= 0x80) {
            out.write((length & 0x7f) | 0x80);
            length >>>= 7;
        }
        out.write(length);
        out.writeBytes(message);
        return out.toByteArray();
    }

    private static String percentEncoded(String message) {
        var encoded = new StringBuilder();
        for (byte b : message.getBytes(StandardCharsets.UTF_8)) {
            if (b >= 0x20 && b <= 0x7e && b != '%') {
                encoded.append((char) b);
            } else {
                encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return encoded.toString();
    }
}
