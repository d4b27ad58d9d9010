package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.traceql.Field;
import dev.millrace.traceql.Intrinsic;
import dev.millrace.traceql.SpanSet;
import dev.millrace.traceql.Value;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Writes what Tempo's clients read: protobuf's JSON of Tempo's own messages, in which 64-bit
/// numbers are text and what has its default value is left out.
final class TempoJson {

    static final String NO_ROOT = "<root span not yet received>";

    // Told of every span or trace anyway, so not among the attributes.
    private static final Set<Field> TOLD_ELSEWHERE =
            Set.of(
                    Intrinsic.NAME,
                    Intrinsic.DURATION,
                    Intrinsic.TRACE_DURATION,
                    Intrinsic.ROOT_NAME,
                    Intrinsic.ROOT_SERVICE_NAME,
                    Intrinsic.TRACE_ID,
                    Intrinsic.SPAN_ID);

    private TempoJson() {}

    /// A trace that was found, without its spans, so that they can go before the answer is read.
    ///
    /// @param spanSets empty for a search by tags
    record Found(TraceSummary summary, List<SpanSet> spanSets) {

        static Found of(Trace trace, List<SpanSet> spanSets) {
            return new Found(TraceSummary.of(trace), spanSets);
        }
    }

    static void writeFound(JsonGenerator json, Found found) throws IOException {
        var summary = found.summary();
        var root = summary.root();
        json.writeStartObject();
        json.writeStringField("traceID", text(summary.traceId()));
        json.writeStringField("rootServiceName", root == null ? NO_ROOT : root.serviceName());
        if (root != null && !root.name().isEmpty()) {
            json.writeStringField("rootTraceName", root.name());
        }
        json.writeStringField("startTimeUnixNano", Long.toUnsignedString(summary.startNanos()));
        long millis = summary.durationNanos() / 1_000_000;
        if (millis > 0) {
            json.writeNumberField("durationMs", millis);
        }
        if (!found.spanSets().isEmpty()) {
            // What clients read before a trace could have several.
            json.writeFieldName("spanSet");
            writeSpanSet(json, found.spanSets().getFirst());
            json.writeArrayFieldStart("spanSets");
            for (var set : found.spanSets()) {
                writeSpanSet(json, set);
            }
            json.writeEndArray();
        }
        json.writeObjectFieldStart("serviceStats");
        for (var share : summary.services()) {
            json.writeObjectFieldStart(share.service());
            json.writeNumberField("spanCount", share.spans());
            if (share.errors() > 0) {
                json.writeNumberField("errorCount", share.errors());
            }
            json.writeEndObject();
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    /// How far the search for an answer went: finished when all of its jobs are, of which each is a
    /// page of the store.
    static void writeMetrics(JsonGenerator json, BoundedScan.Result<?> result) throws IOException {
        json.writeObjectFieldStart("metrics");
        if (result.looked() > 0) {
            json.writeNumberField("inspectedTraces", result.looked());
        }
        writeJobs(json, result);
        json.writeEndObject();
    }

    /// The same for names and values, whose figures do not count traces.
    static void writeJobs(JsonGenerator json, BoundedScan.Result<?> result) throws IOException {
        int total = totalJobs(result);
        if (result.pages() > 0) {
            json.writeNumberField("completedJobs", result.pages());
        }
        if (total > 0) {
            json.writeNumberField("totalJobs", total);
        }
    }

    /// One more than were finished where there would have been more to look at.
    static int totalJobs(BoundedScan.Result<?> result) {
        return result.pages() + (result.complete() ? 0 : 1);
    }

    /// The id as Tempo lists it, without zeros in front.
    static String text(TraceId id) {
        String digits = id.toString();
        int from = 0;
        while (digits.charAt(from) == '0') {
            from++;
        }
        return digits.substring(from);
    }

    private static void writeSpanSet(JsonGenerator json, SpanSet set) throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart("spans");
        for (var selected : set.spans()) {
            writeSpan(json, selected);
        }
        json.writeEndArray();
        json.writeNumberField("matched", set.matched());
        if (!set.notes().isEmpty()) {
            json.writeArrayFieldStart("attributes");
            for (var note : set.notes()) {
                writeAttribute(json, note.name(), note.value());
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    private static void writeSpan(JsonGenerator json, SpanSet.Selected selected)
            throws IOException {
        Span span = selected.span();
        json.writeStartObject();
        json.writeStringField("spanID", span.spanId().toString());
        if (!span.name().isEmpty()) {
            json.writeStringField("name", span.name());
        }
        json.writeStringField("startTimeUnixNano", Long.toUnsignedString(span.startNanos()));
        // Unsigned, so a clock that stepped back has no number.
        if (span.durationNanos() > 0) {
            json.writeStringField("durationNanos", Long.toString(span.durationNanos()));
        }
        var told = toldHere(selected);
        if (!told.isEmpty()) {
            json.writeArrayFieldStart("attributes");
            for (var value : told) {
                writeAttribute(json, value.field().label(), value.value());
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    /// What the query told of a span besides what is told of every one.
    static List<SpanSet.FieldValue> toldHere(SpanSet.Selected selected) {
        return selected.values().stream()
                .filter(value -> !TOLD_ELSEWHERE.contains(value.field()))
                .toList();
    }

    private static void writeAttribute(JsonGenerator json, String key, Value value)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("key", key);
        json.writeFieldName("value");
        OtlpJson.writeValue(json, attributeValue(value));
        json.writeEndObject();
    }

    static AttributeValue attributeValue(Value value) {
        return switch (value) {
            case Value.Bool(boolean bool) -> new AttributeValue.Bool(bool);
            case Value.Int(long number) -> new AttributeValue.Int(number);
            case Value.Real(double number) -> new AttributeValue.Real(number);
            case Value.Several(List<Value> values) ->
                    new AttributeValue.Array(
                            values.stream().map(TempoJson::attributeValue).toList());
            case Value.Other(AttributeValue other) -> other;
            case Value.Text _, Value.Duration _, Value.StatusCode _, Value.Kind _, Value.Nil _ ->
                    new AttributeValue.Text(text(value));
        };
    }

    private static String text(Value value) {
        return value instanceof Value.Duration(long nanos)
                ? DurationText.of(nanos)
                : value.toString();
    }

    /// A value that a tag may be asked for.
    ///
    /// @param type what Tempo calls its type
    record TagValue(String type, String text) implements Comparable<TagValue> {

        static TagValue of(Value value) {
            String type =
                    switch (value) {
                        case Value.StatusCode _, Value.Kind _ -> "keyword";
                        case Value.Text _ -> "string";
                        case Value.Real _ -> "float";
                        case Value.Bool _, Value.Int _, Value.Duration _ ->
                                value.getClass().getSimpleName().toLowerCase(Locale.ROOT);
                        case Value.Nil _, Value.Several _, Value.Other _ -> "";
                    };
            return new TagValue(type, TempoJson.text(value));
        }

        /// False for what no query can ask for.
        boolean askable() {
            return !type.isEmpty();
        }

        @Override
        public int compareTo(TagValue other) {
            int byText = text.compareTo(other.text);
            return byText == 0 ? type.compareTo(other.type) : byText;
        }
    }
}
