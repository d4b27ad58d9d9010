package dev.millrace.storage.contract;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.ArrayList;
import java.util.List;

/// Small traces for contracts.
public final class Samples {

    /// 12:20:00 UTC on 1 September 2026, in nanoseconds: on no edge of a usual window.
    public static final long TIME = 1_788_265_200_000_000_000L;

    public static final long SECOND = 1_000_000_000L;

    private Samples() {}

    public static TraceId trace(long number) {
        return new TraceId(0x0af7651916cd43ddL, number);
    }

    /// A span of 10 ms of `shop`, named `GET /cart`.
    public static Span.Builder span(TraceId traceId, long id, long startNanos) {
        return Span.builder(traceId, new SpanId(id))
                .name("GET /cart")
                .kind(SpanKind.SERVER)
                .time(startNanos, startNanos + 10_000_000)
                .resource(resource("shop"));
    }

    public static Resource resource(String service) {
        return new Resource(attributes("service.name", service), 0, "");
    }

    public static Attributes attributes(String key, String value) {
        return Attributes.of(new Attributes.Attribute(key, new AttributeValue.Text(value)));
    }

    /// Some spans of one trace, of the default tenant, from that offset of partition 0.
    public static Fragment fragment(long offset, Span.Builder... spans) {
        return fragment(Tenant.DEFAULT, offset, spans);
    }

    public static Fragment fragment(Tenant tenant, long offset, Span.Builder... spans) {
        var built = List.of(spans).stream().map(Span.Builder::build).toList();
        return new Fragment(
                new FragmentId("traces-complete", 0, offset),
                tenant,
                built.getFirst().traceId(),
                OtlpEncoder.encode(built));
    }

    /// A search for spans of `shop` with these attributes, keys and values in turn.
    public static TraceSearch.Builder search(String... keysAndValues) {
        var matches = new ArrayList<AttributeMatch>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            matches.add(new AttributeMatch(keysAndValues[i], keysAndValues[i + 1]));
        }
        return TraceSearch.builder().service("shop").attributes(matches);
    }
}
