package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;
import java.util.List;
import java.util.Map;

/// Sorts the spans of a request by trace, by scanning and slicing its bytes.
///
/// Stateless and safe for any number of threads.
public final class TraceSplitter {

    private final SpanLimits limits;

    public TraceSplitter(SpanLimits limits) {
        this.limits = limits;
    }

    /// @param request an `ExportTraceServiceRequest` or `TracesData`
    /// @param nowNanos the current time, nanoseconds since the epoch
    /// @throws MalformedOtlpException when the bytes are not OTLP; nothing of it is taken in then
    public Split split(Slice request, long nowNanos) {
        if (request.length() > nowNanos) {
            throw new MalformedOtlpException("not OTLP: " + limits);
        }
        return new Split(List.of(), 0, Map.of(), Map.of(), "");
    }
}
