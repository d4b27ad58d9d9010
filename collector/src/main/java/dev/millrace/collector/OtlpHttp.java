package dev.millrace.collector;

import com.google.rpc.Status;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import dev.millrace.pipeline.format.SpanFormat;
import dev.millrace.wire.otlp.ExportResponse;
import dev.millrace.wire.otlp.OtlpJson;
import org.jspecify.annotations.Nullable;

/// OTLP over HTTP, in protobuf or JSON: answers in the format of the request, and says no with a
/// `google.rpc.Status`.
final class OtlpHttp implements HttpDialect {

    static final String PATH = "/v1/traces";

    @Override
    public Transport transport() {
        return Transport.OTLP_HTTP;
    }

    @Override
    public SpanFormat format(RequestHeaders headers) {
        var format = formatOrNull(headers);
        if (format == null) {
            throw HttpAnswer.unsupportedType(headers, "application/x-protobuf or application/json");
        }
        return format;
    }

    @Override
    public HttpResponse accept(RequestHeaders headers, Receipt receipt) {
        boolean json = formatOrNull(headers) == SpanFormat.Otlp.JSON;
        return HttpResponse.of(
                ResponseHeaders.of(
                        receipt.outcome().http(),
                        HttpHeaderNames.CONTENT_TYPE,
                        json ? MediaType.JSON : MediaType.X_PROTOBUF),
                HttpData.wrap(json ? toJson(receipt) : toProtobuf(receipt)));
    }

    @Override
    public HttpResponse refuse(RequestHeaders headers, Refusal refusal) {
        int code = refusal.outcome().grpc().value();
        return switch (formatOrNull(headers)) {
            case PROTOBUF ->
                    HttpAnswer.of(
                            refusal,
                            MediaType.X_PROTOBUF,
                            HttpData.wrap(
                                    Status.newBuilder()
                                            .setCode(code)
                                            .setMessage(refusal.message())
                                            .build()
                                            .toByteArray()));
            case JSON ->
                    HttpAnswer.of(
                            refusal,
                            MediaType.JSON,
                            HttpData.wrap(OtlpJson.status(code, refusal.message())));
            case null -> HttpAnswer.plain(refusal);
        };
    }

    /// The receipt as an `ExportTraceServiceResponse`.
    static byte[] toProtobuf(Receipt receipt) {
        return receipt.rejectedSpans() == 0
                ? ExportResponse.success()
                : ExportResponse.partial(receipt.rejectedSpans(), receipt.message());
    }

    private static byte[] toJson(Receipt receipt) {
        return OtlpJson.response(receipt.rejectedSpans(), receipt.message());
    }

    private static SpanFormat.@Nullable Otlp formatOrNull(RequestHeaders headers) {
        var type = headers.contentType();
        if (type == null) {
            return null;
        }
        if (type.is(MediaType.X_PROTOBUF)) {
            return SpanFormat.Otlp.PROTOBUF;
        }
        return type.is(MediaType.JSON) ? SpanFormat.Otlp.JSON : null;
    }
}
