package dev.millrace.assembly;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.List;

/// Small spans for tests.
final class Spans {

    private Spans() {}

    static Span span(long trace, long id, long parent, String service) {
        return Span.builder(new TraceId(7, trace), new SpanId(id))
                .parentSpanId(parent == 0 ? null : new SpanId(parent))
                .name("operation " + id)
                .kind(SpanKind.SERVER)
                .time(1_000 + id, 2_000 + id)
                .resource(resource(service))
                .scope(new Scope("tests", "1", Attributes.EMPTY, 0, ""))
                .build();
    }

    static Resource resource(String service) {
        return new Resource(
                Attributes.of(
                        new Attributes.Attribute("service.name", new AttributeValue.Text(service))),
                0,
                "");
    }

    static Slice body(Span... spans) {
        return OtlpEncoder.encode(List.of(spans));
    }

    static List<Long> ids(Slice body) {
        return OtlpDecoder.spans(body).stream().map(span -> span.spanId().value()).toList();
    }
}
