package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;

/// Sorts the spans of a request by trace or by another [Grouping], by scanning and slicing its
/// bytes.
///
/// Every nested message is checked, so that whatever comes out can be read by any later stage:
/// spans whose ids or start time cannot be used are rejected, text that is not UTF-8, attributes
/// over the limit and links to nowhere are repaired, and bytes that are not OTLP refuse the whole
/// request. Spans that need no repair are copied as they came, unknown fields included, and so are
/// the resources and scopes of each chunk.
///
/// Of a singular field sent twice the last counts, as protobuf has it. Stateless and safe for any
/// number of threads.
public final class TraceSplitter {

    private final SpanLimits limits;

    public TraceSplitter(SpanLimits limits) {
        this.limits = limits;
    }

    /// @param request an `ExportTraceServiceRequest` or `TracesData`
    /// @param nowNanos the current time, nanoseconds since the epoch
    /// @throws MalformedSpansException when the bytes are not OTLP, or when the resources and
    ///   scopes repeated for each trace outgrow the request manyfold; nothing of it is taken in
    ///   then
    public Split split(Slice request, long nowNanos) {
        return split(request, nowNanos, Grouping.TRACE);
    }

    /// The same with other chunks.
    ///
    /// @param grouping which spans share a chunk; a request whose chunks would be unduly large if
    ///   they were sorted by trace later on is sorted by trace at once
    public Split split(Slice request, long nowNanos, Grouping grouping) {
        var scan = new RequestScan(request, limits, nowNanos, grouping);
        scan.run();
        if (!grouping.byTrace() && !scan.isFineByTrace()) {
            scan = new RequestScan(request, limits, nowNanos, Grouping.TRACE);
            scan.run();
        }
        return scan.split();
    }
}
