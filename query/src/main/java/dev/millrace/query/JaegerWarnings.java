package dev.millrace.query;

import dev.millrace.analysis.AdjustedTrace;
import dev.millrace.analysis.SpanRemark;
import dev.millrace.analysis.TraceAdjuster;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Span;
import java.util.ArrayList;
import java.util.List;

/// What Jaeger's UI shows as warnings: what a client said about its span, and what was noticed when
/// its trace was adjusted.
final class JaegerWarnings {

    /// The attribute that holds them where there is no field for them.
    static final String ATTRIBUTE = "@jaeger@warnings";

    /// About a trace that is not held as a whole.
    static final List<String> LARGE =
            List.of(
                    "too large to be looked at as a whole: shown as it was stored, with no clock"
                            + " corrected");

    private JaegerWarnings() {}

    /// About a trace as a whole.
    static List<String> of(AdjustedTrace trace) {
        return trace.tooLarge()
                ? List.of(
                        "a trace of more than "
                                + TraceAdjuster.MAX_SPANS
                                + " spans: shown as it was stored, with no clock corrected")
                : List.of();
    }

    /// About one of its spans.
    static List<String> of(AdjustedTrace trace, int place) {
        var span = trace.trace().spans().get(place);
        var warnings = new ArrayList<String>();
        span.attributes().find(ATTRIBUTE).ifPresent(said -> add(warnings, said));
        trace.remarks(place).forEach(remark -> warnings.add(text(remark)));
        if (span.durationNanos() < 0) {
            warnings.add(
                    "the span ends "
                            + -span.durationNanos()
                            + " ns before it starts; shown with a duration of 0");
        }
        return warnings;
    }

    /// The span with its warnings in an attribute, for formats of OpenTelemetry's.
    static Span asAttribute(AdjustedTrace trace, int place) {
        var span = trace.trace().spans().get(place);
        if (trace.remarks(place).isEmpty()) {
            return span;
        }
        var warnings =
                new AttributeValue.Array(
                        of(trace, place).stream()
                                .<AttributeValue>map(AttributeValue.Text::new)
                                .toList());
        var attributes = new ArrayList<>(withoutAttribute(span).attributes().entries());
        attributes.add(new Attribute(ATTRIBUTE, warnings));
        return span.toBuilder()
                .attributes(new Attributes(attributes), span.droppedAttributes())
                .build();
    }

    /// The span without that attribute, for formats that have a field for warnings.
    static Span withoutAttribute(Span span) {
        if (span.attributes().find(ATTRIBUTE).isEmpty()) {
            return span;
        }
        var others =
                span.attributes().entries().stream()
                        .filter(attribute -> !attribute.key().equals(ATTRIBUTE))
                        .toList();
        return span.toBuilder()
                .attributes(new Attributes(others), span.droppedAttributes())
                .build();
    }

    private static void add(List<String> warnings, AttributeValue said) {
        if (said instanceof AttributeValue.Array(List<AttributeValue> values)) {
            values.forEach(value -> warnings.add(value.toString()));
        } else {
            warnings.add(said.toString());
        }
    }

    private static String text(SpanRemark remark) {
        return switch (remark) {
            case SpanRemark.IdTaken() ->
                    "another span of this trace has the same id; its clock is not compared";
            case SpanRemark.ParentMissing(var parent) ->
                    "its parent " + parent + " is not in this trace; its clock is not compared";
            case SpanRemark.ClockCorrected(long nanos) ->
                    "its times were moved by "
                            + DurationText.of(nanos)
                            + " to agree with its parent's clock";
            case SpanRemark.ClockOff(long nanos, long limit) ->
                    "its clock seems to be off by "
                            + DurationText.of(nanos)
                            + (limit == 0
                                    ? "; correcting clocks is switched off"
                                    : ", more than the "
                                            + DurationText.of(limit)
                                            + " that may be corrected");
        };
    }
}
