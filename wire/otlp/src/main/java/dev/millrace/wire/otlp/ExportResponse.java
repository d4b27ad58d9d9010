package dev.millrace.wire.otlp;

import io.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;

/// The answer to a request that was taken in, wholly or in part: an `ExportTraceServiceResponse`.
public final class ExportResponse {

    private ExportResponse() {}

    /// Every span was taken in.
    public static byte[] success() {
        return ExportTraceServiceResponse.getDefaultInstance().toByteArray();
    }

    /// Some spans were not taken in, or all were and the sender should know something.
    public static byte[] partial(long rejectedSpans, String message) {
        return ExportTraceServiceResponse.newBuilder()
                .setPartialSuccess(
                        ExportTracePartialSuccess.newBuilder()
                                .setRejectedSpans(rejectedSpans)
                                .setErrorMessage(message))
                .build()
                .toByteArray();
    }
}
