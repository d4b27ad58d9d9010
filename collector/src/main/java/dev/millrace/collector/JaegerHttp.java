package dev.millrace.collector;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import dev.millrace.pipeline.format.SpanFormat;
import dev.millrace.wire.jaeger.JaegerFormat;
import org.jspecify.annotations.Nullable;

/// Jaeger's Thrift over HTTP: answers 202 without a word and says no in plain text.
///
/// Like Zipkin it has no answer for spans left out: as long as one was taken in, it hears nothing
/// of them.
final class JaegerHttp implements HttpDialect {

    static final String PATH = "/api/traces";

    private static final MediaType THRIFT = MediaType.parse("application/x-thrift");
    private static final MediaType BINARY = MediaType.parse("application/vnd.apache.thrift.binary");
    private static final MediaType COMPACT =
            MediaType.parse("application/vnd.apache.thrift.compact");

    @Override
    public Transport transport() {
        return Transport.JAEGER_HTTP;
    }

    @Override
    public SpanFormat format(RequestHeaders headers) {
        var encoding = encoding(headers.contentType());
        if (encoding == null) {
            throw HttpAnswer.unsupportedType(headers, THRIFT + ", " + BINARY + " or " + COMPACT);
        }
        return new SpanFormat.Jaeger(encoding);
    }

    @Override
    public HttpResponse accept(RequestHeaders headers, Receipt receipt) {
        var _ = receipt.orRefused();
        return HttpResponse.of(ResponseHeaders.of(HttpStatus.ACCEPTED));
    }

    @Override
    public HttpResponse refuse(RequestHeaders headers, Refusal refusal) {
        return HttpAnswer.plain(refusal);
    }

    private static @Nullable JaegerFormat encoding(@Nullable MediaType type) {
        if (type == null) {
            return null;
        }
        if (type.is(THRIFT) || type.is(BINARY)) {
            return JaegerFormat.BATCH_BINARY;
        }
        return type.is(COMPACT) ? JaegerFormat.BATCH_COMPACT : null;
    }
}
