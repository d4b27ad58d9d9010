package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.io.IOException;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A trace as one line of a list.
///
/// @param root null while the root has not arrived
/// @param services by name
record TraceSummary(
        TraceId traceId,
        @Nullable Span root,
        long startNanos,
        long durationNanos,
        int spans,
        int errors,
        List<Share> services) {

    /// What one service has in a trace.
    record Share(String service, int spans, int errors) {

        private Share plus(Share other) {
            return new Share(service, spans + other.spans, errors + other.errors);
        }
    }

    static TraceSummary of(Trace trace) {
        var shares = new TreeMap<String, Share>();
        for (var span : trace.spans()) {
            var share = new Share(span.serviceName(), 1, span.isError() ? 1 : 0);
            shares.merge(share.service(), share, Share::plus);
        }
        return new TraceSummary(
                trace.traceId(),
                trace.root().orElse(null),
                trace.startNanos(),
                trace.durationNanos(),
                trace.spans().size(),
                shares.values().stream().mapToInt(Share::errors).sum(),
                List.copyOf(shares.values()));
    }

    void writeTo(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("traceId", traceId.toString());
        json.writeStringField("rootService", root == null ? null : root.serviceName());
        json.writeStringField("rootOperation", root == null ? null : root.name());
        json.writeStringField("startTimeUnixNano", Long.toUnsignedString(startNanos));
        json.writeStringField("durationNanos", Long.toString(durationNanos));
        json.writeNumberField("spanCount", spans);
        json.writeNumberField("errorCount", errors);
        json.writeArrayFieldStart("services");
        for (var share : services) {
            json.writeStartObject();
            json.writeStringField("name", share.service());
            json.writeNumberField("spanCount", share.spans());
            json.writeNumberField("errorCount", share.errors());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
