package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Trace;
import dev.millrace.wire.otlp.ProtoWriter;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/// A trace as one line of Jaeger's list of search results.
///
/// Written as the message `jaeger.api_v3.TraceSummary`, in protobuf or in JSON.
///
/// @param orphans spans whose parent is not in the trace
record JaegerV3Summary(TraceSummary summary, int orphans) {

    private static final int TRACE_ID = 1;
    private static final int ROOT_SERVICE_NAME = 2;
    private static final int ROOT_OPERATION_NAME = 3;
    private static final int MIN_START_TIME = 4;
    private static final int MAX_END_TIME = 5;
    private static final int SPAN_COUNT = 6;
    private static final int ERROR_SPAN_COUNT = 7;
    private static final int ORPHAN_SPAN_COUNT = 8;
    private static final int SERVICES = 9;

    // Of a service.
    private static final int NAME = 1;
    private static final int SERVICE_SPAN_COUNT = 2;
    private static final int SERVICE_ERROR_SPAN_COUNT = 3;

    static JaegerV3Summary of(Trace trace) {
        var ids = new HashSet<SpanId>();
        trace.spans().forEach(span -> ids.add(span.spanId()));
        int orphans = (int) trace.spans().stream().filter(span -> isOrphan(span, ids)).count();
        return new JaegerV3Summary(TraceSummary.of(trace), orphans);
    }

    private static boolean isOrphan(Span span, Set<SpanId> ids) {
        return span.parentSpanId() != null && !ids.contains(span.parentSpanId());
    }

    void writeTo(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("traceId", summary.traceId().toString());
        json.writeStringField("rootServiceName", rootService());
        json.writeStringField("rootOperationName", rootOperation());
        json.writeStringField("minStartTimeUnixNano", Long.toUnsignedString(summary.startNanos()));
        json.writeStringField("maxEndTimeUnixNano", Long.toUnsignedString(endNanos()));
        json.writeNumberField("spanCount", summary.spans());
        json.writeNumberField("errorSpanCount", summary.errors());
        json.writeNumberField("orphanSpanCount", orphans);
        json.writeArrayFieldStart("services");
        for (var share : summary.services()) {
            json.writeStartObject();
            json.writeStringField("name", share.service());
            json.writeNumberField("spanCount", share.spans());
            json.writeNumberField("errorSpanCount", share.errors());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    Slice encode() {
        var out =
                new ProtoWriter(256)
                        .text(TRACE_ID, summary.traceId().toString())
                        .text(ROOT_SERVICE_NAME, rootService())
                        .text(ROOT_OPERATION_NAME, rootOperation())
                        .fixed64(MIN_START_TIME, summary.startNanos())
                        .fixed64(MAX_END_TIME, endNanos())
                        .number(SPAN_COUNT, summary.spans())
                        .number(ERROR_SPAN_COUNT, summary.errors())
                        .number(ORPHAN_SPAN_COUNT, orphans);
        for (var share : summary.services()) {
            int opened = out.open(SERVICES);
            out.text(NAME, share.service())
                    .number(SERVICE_SPAN_COUNT, share.spans())
                    .number(SERVICE_ERROR_SPAN_COUNT, share.errors());
            out.close(opened);
        }
        return out.finish();
    }

    private String rootService() {
        var root = summary.root();
        return root == null ? "" : root.serviceName();
    }

    private String rootOperation() {
        var root = summary.root();
        return root == null ? "" : root.name();
    }

    private long endNanos() {
        return summary.startNanos() + summary.durationNanos();
    }
}
