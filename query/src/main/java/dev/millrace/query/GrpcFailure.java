package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.storage.api.StoreException;
import dev.millrace.wire.otlp.MalformedSpansException;
import io.grpc.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a client that asked over gRPC hears when it gets no answer.
final class GrpcFailure {

    private static final Logger LOG = LoggerFactory.getLogger(GrpcFailure.class);

    private GrpcFailure() {}

    /// Of what went wrong in a method. What is not the caller's fault is logged besides.
    ///
    /// @param path of the method
    static Status of(RuntimeException failure, String path) {
        var status =
                switch (failure) {
                    case QueryException e -> of(e.status()).withDescription(e.getMessage());
                    case MalformedSpansException e ->
                            Status.INVALID_ARGUMENT.withDescription(
                                    "request: "
                                            + e.getMessage()
                                            + " (expected: the message of this method)");
                    case StoreException e -> of(e.kind()).withDescription(e.getMessage());
                    default -> Status.INTERNAL.withDescription("internal error");
                };
        if (status.getCode() == Status.Code.INTERNAL) {
            LOG.atError()
                    .setCause(failure)
                    .addKeyValue("path", path)
                    .log("A request failed for a reason that is not the caller's");
        }
        return status;
    }

    /// gRPC's word for a status of HTTP.
    static Status of(HttpStatus status) {
        return switch (status.code()) {
            case 400 -> Status.INVALID_ARGUMENT;
            case 404 -> Status.NOT_FOUND;
            case 413, 429 -> Status.RESOURCE_EXHAUSTED;
            case 501 -> Status.UNIMPLEMENTED;
            case 503 -> Status.UNAVAILABLE;
            case 504 -> Status.DEADLINE_EXCEEDED;
            default -> Status.INTERNAL;
        };
    }

    static Status of(StoreException.Kind kind) {
        return switch (kind) {
            case INVALID_REQUEST -> Status.INVALID_ARGUMENT;
            case NOT_SUPPORTED -> Status.UNIMPLEMENTED;
            case OVER_CAPACITY, TOO_LARGE -> Status.RESOURCE_EXHAUSTED;
            case UNAVAILABLE -> Status.UNAVAILABLE;
            case CORRUPT, BUG -> Status.INTERNAL;
        };
    }
}
