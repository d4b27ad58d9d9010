package dev.millrace.collector;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import dev.millrace.pipeline.format.SpanFormat;
import dev.millrace.wire.zipkin.ZipkinFormat;

/// Zipkin over HTTP, one path for each version of its format: answers 202 without a word, says no
/// in plain text, and takes for JSON what does not say what it is.
///
/// Zipkin has no answer for spans left out: as long as one was taken in, it hears nothing of them.
///
/// @param binaryType the content type of what is not JSON
record ZipkinHttp(String path, MediaType binaryType, ZipkinFormat binary, ZipkinFormat json)
        implements HttpDialect {

    static final ZipkinHttp V1 =
            new ZipkinHttp(
                    "/api/v1/spans",
                    MediaType.parse("application/x-thrift"),
                    ZipkinFormat.THRIFT,
                    ZipkinFormat.JSON_V1);
    static final ZipkinHttp V2 =
            new ZipkinHttp(
                    "/api/v2/spans",
                    MediaType.X_PROTOBUF,
                    ZipkinFormat.PROTOBUF,
                    ZipkinFormat.JSON_V2);

    @Override
    public Transport transport() {
        return Transport.ZIPKIN_HTTP;
    }

    @Override
    public SpanFormat format(RequestHeaders headers) {
        var type = headers.contentType();
        return new SpanFormat.Zipkin(type != null && type.is(binaryType) ? binary : json);
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
}
