package dev.millrace.collector;

import com.google.rpc.Status;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.wire.otlp.OtlpJson;
import java.time.Duration;

/// Says no over HTTP: a `google.rpc.Status` in the format of the request.
final class HttpAnswer {

    private HttpAnswer() {}

    static HttpResponse refuse(ServiceRequestContext ctx, Refusal refusal) {
        Gate.note(ctx, refusal.outcome());
        var format = HttpFormat.of(ctx.request().headers());
        var headers = ResponseHeaders.builder(refusal.outcome().http());
        headers.contentType(format.mediaType());
        if (refusal.outcome() == Outcome.WRONG_METHOD) {
            headers.set(HttpHeaderNames.ALLOW, "POST");
        }
        var retryAfter = refusal.retryAfter();
        if (retryAfter != null) {
            headers.setLong(HttpHeaderNames.RETRY_AFTER, seconds(retryAfter));
        }
        return HttpResponse.of(headers.build(), body(format, refusal));
    }

    // Whole seconds are all the header can say, and zero would mean at once.
    private static long seconds(Duration delay) {
        return Math.max(1, delay.plusSeconds(1).minusNanos(1).toSeconds());
    }

    private static HttpData body(HttpFormat format, Refusal refusal) {
        int code = refusal.outcome().grpc().value();
        return switch (format) {
            case PROTOBUF ->
                    HttpData.wrap(
                            Status.newBuilder()
                                    .setCode(code)
                                    .setMessage(refusal.message())
                                    .build()
                                    .toByteArray());
            case JSON -> HttpData.wrap(OtlpJson.status(code, refusal.message()));
            case OTHER -> HttpData.ofUtf8(refusal.message());
        };
    }
}
