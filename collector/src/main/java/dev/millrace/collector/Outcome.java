package dev.millrace.collector;

import com.google.rpc.ErrorInfo;
import com.linecorp.armeria.common.HttpStatus;
import io.grpc.Status;
import java.util.Locale;

/// How a request ended, and how each transport says so.
///
/// OTLP's clients send a request again after HTTP 429, 502, 503 and 504, after gRPC `UNAVAILABLE`
/// and its like, and after `RESOURCE_EXHAUSTED`: by the specification only when a `RetryInfo` comes
/// with it, but some, OpenTelemetry's for Java among them, after any. So the outcomes that should
/// be retried, and no others, carry a delay in their [Refusal], and no other is
/// `RESOURCE_EXHAUSTED`. Over gRPC an `ErrorInfo` comes with the delay, since the code alone does
/// not say whether everybody should wait or one tenant.
public enum Outcome {
    /// Every span was taken in.
    OK(200, Status.Code.OK),
    /// Some or all spans were rejected, which sending again would not change.
    PARTIAL(200, Status.Code.OK),
    /// Every span was rejected, and the transport has no word for that in a good answer.
    REJECTED(400, Status.Code.INVALID_ARGUMENT),
    /// The body is not what it says it is.
    MALFORMED(400, Status.Code.INVALID_ARGUMENT),
    /// The request is over the limit, as received or decompressed.
    TOO_LARGE(413, Status.Code.INVALID_ARGUMENT),
    /// A content type or compression we do not read.
    UNSUPPORTED(415, Status.Code.UNIMPLEMENTED),
    /// Not a POST.
    WRONG_METHOD(405, Status.Code.UNIMPLEMENTED),
    /// A path or gRPC method that is not ours.
    UNKNOWN_PATH(404, Status.Code.UNIMPLEMENTED),
    /// Credentials are missing or wrong.
    UNAUTHENTICATED(401, Status.Code.UNAUTHENTICATED),
    /// Tenants are told apart, and the request does not name one.
    NO_TENANT(400, Status.Code.INVALID_ARGUMENT),
    /// The credentials do not give what the request asks for.
    FORBIDDEN(403, Status.Code.PERMISSION_DENIED),
    /// Our buffer or the sink's is full.
    OVER_CAPACITY(429, Status.Code.RESOURCE_EXHAUSTED),
    /// The tenant has sent what it may for now.
    OVER_RATE(429, Status.Code.RESOURCE_EXHAUSTED),
    /// The sink does not answer, or we are closing.
    UNAVAILABLE(503, Status.Code.UNAVAILABLE),
    /// The request or the sink took longer than the request timeout.
    TIMED_OUT(503, Status.Code.UNAVAILABLE),
    /// The client left before its answer.
    ABORTED(400, Status.Code.CANCELLED),
    /// Our mistake.
    BUG(500, Status.Code.INTERNAL);

    /// Who says so in an `ErrorInfo`.
    private static final String DOMAIN = "millrace.dev";

    private final int http;
    private final Status.Code grpc;

    Outcome(int http, Status.Code grpc) {
        this.http = http;
        this.grpc = grpc;
    }

    HttpStatus http() {
        return HttpStatus.valueOf(http);
    }

    Status.Code grpc() {
        return grpc;
    }

    /// What programs know it by.
    ErrorInfo info() {
        return ErrorInfo.newBuilder().setReason(name()).setDomain(DOMAIN).build();
    }

    /// Whether an `ErrorInfo` says this.
    public boolean isTold(ErrorInfo info) {
        return info.equals(info());
    }

    /// The word for it in metrics.
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
