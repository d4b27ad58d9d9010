package dev.millrace.collector;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import java.time.Duration;

/// What every refusal over HTTP has, whatever its body.
final class HttpAnswer {

    private HttpAnswer() {}

    static HttpResponse of(Refusal refusal, MediaType type, HttpData body) {
        var headers = ResponseHeaders.builder(refusal.outcome().http());
        headers.contentType(type);
        if (refusal.outcome() == Outcome.WRONG_METHOD) {
            headers.set(HttpHeaderNames.ALLOW, "POST");
        }
        var retryAfter = refusal.retryAfter();
        if (retryAfter != null) {
            headers.setLong(HttpHeaderNames.RETRY_AFTER, seconds(retryAfter));
        }
        return HttpResponse.of(headers.build(), body);
    }

    static HttpResponse plain(Refusal refusal) {
        return of(refusal, MediaType.PLAIN_TEXT_UTF_8, HttpData.ofUtf8(refusal.message()));
    }

    static RefusedException unsupportedType(RequestHeaders headers, String expected) {
        return Refusal.lasting(
                        Outcome.UNSUPPORTED,
                        "content-type: "
                                + headers.get(HttpHeaderNames.CONTENT_TYPE, "none")
                                + " (expected: "
                                + expected
                                + ")")
                .asException();
    }

    // Whole seconds are all the header can say, and zero would mean at once.
    private static long seconds(Duration delay) {
        return Math.max(1, delay.plusSeconds(1).minusNanos(1).toSeconds());
    }
}
