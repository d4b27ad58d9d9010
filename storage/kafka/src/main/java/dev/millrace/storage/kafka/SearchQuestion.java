package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.kafka.FoundTraces.Found;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// Which are the newest traces that match?
///
/// An answer to others ends early when it grows large, and says where to go on.
record SearchQuestion(Tenant tenant, TraceSearch search) implements Question<FoundTraces> {

    static final String NAME = "search";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
        writeText(json, "service", search.service());
        writeText(json, "operation", search.operation());
        var kind = search.kind();
        if (kind != null) {
            json.writeNumberField("kind", kind.number());
        }
        var status = search.status();
        if (status != null) {
            json.writeNumberField("status", status.number());
        }
        json.writeArrayFieldStart("attributes");
        for (var match : search.attributes()) {
            json.writeStartObject();
            json.writeStringField("key", match.key());
            json.writeStringField("value", match.value());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("minDuration", search.minDurationNanos());
        json.writeNumberField("maxDuration", search.maxDurationNanos());
        json.writeNumberField("start", search.startNanos());
        json.writeNumberField("end", search.endNanos());
        json.writeNumberField("limit", search.limit());
        var after = search.after();
        if (after != null) {
            writeCursor(json, "after", after);
        }
    }

    private static void writeText(JsonGenerator json, String name, @Nullable String text)
            throws IOException {
        if (text != null) {
            json.writeStringField(name, text);
        }
    }

    private static void writeCursor(JsonGenerator json, String name, Cursor cursor)
            throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("start", cursor.startNanos());
        json.writeStringField("trace", cursor.traceId().toString());
        json.writeEndObject();
    }

    static SearchQuestion read(Tenant tenant, JsonFields fields) {
        return new SearchQuestion(
                tenant,
                TraceSearch.builder()
                        .service(fields.optionalText("service").orElse(null))
                        .operation(fields.optionalText("operation").orElse(null))
                        .kind(
                                fields.optionalNumber("kind")
                                        .map(number -> SpanKind.of(number.intValue()))
                                        .orElse(null))
                        .status(
                                fields.optionalNumber("status")
                                        .map(number -> Status.Code.of(number.intValue()))
                                        .orElse(null))
                        .attributes(
                                fields.objects("attributes").stream()
                                        .map(match ->
                                                new AttributeMatch(
                                                        match.text("key"), match.text("value")))
                                        .toList())
                        .duration(fields.number("minDuration"), fields.number("maxDuration"))
                        .start(fields.number("start"), fields.number("end"))
                        .limit(fields.integer("limit"))
                        .after(
                                fields.optionalObject("after")
                                        .map(SearchQuestion::cursor)
                                        .orElse(null))
                        .build());
    }

    private static Cursor cursor(JsonFields fields) {
        return new Cursor(fields.number("start"), TraceId.parse(fields.text("trace")));
    }

    @Override
    public FoundTraces answer(Share share) {
        var newest = new NewestTraces(search);
        var _ =
                share.eachTraces(store -> {
                    var page = store.search(tenant, newest.next());
                    newest.add(page);
                    return page.traces().size();
                });
        return newest.traces();
    }

    @Override
    public Encoded encoded(Share share) {
        return encoded(answer(share), PeerProtocol.ANSWER_BYTES);
    }

    /// @param mostBytes where it ends, but for a first trace that is larger
    static Encoded encoded(FoundTraces all, long mostBytes) {
        var bodies = new ArrayList<Slice>();
        long bytes = 0;
        for (var found : all.found()) {
            var body = OtlpEncoder.encode(found.trace().spans());
            bytes += body.length();
            if (bytes > mostBytes && !bodies.isEmpty()) {
                break;
            }
            bodies.add(body);
        }
        var sent = all.found().subList(0, bodies.size());
        var next =
                sent.size() == all.found().size() ? all.next() : Optional.of(sent.getLast().at());
        return new Encoded(
                json -> {
                    json.writeArrayFieldStart("found");
                    for (var found : sent) {
                        json.writeStartObject();
                        json.writeNumberField("start", found.at().startNanos());
                        json.writeStringField("trace", found.at().traceId().toString());
                        json.writeBooleanField("cut", found.cut());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    if (next.isPresent()) {
                        writeCursor(json, "next", next.get());
                    }
                },
                bodies);
    }

    @Override
    public FoundTraces read(JsonFields fields, List<Slice> bodies) {
        var listed = fields.objects("found");
        if (listed.size() != bodies.size()) {
            throw new IllegalArgumentException(
                    "found: " + listed.size() + " (expected: " + bodies.size() + ", one a body)");
        }
        var found = new ArrayList<Found>(bodies.size());
        for (int i = 0; i < bodies.size(); i++) {
            var at = cursor(listed.get(i));
            var trace = new Trace(at.traceId(), OtlpDecoder.spans(bodies.get(i)));
            found.add(new Found(at, trace, listed.get(i).flag("cut")));
        }
        return new FoundTraces(found, fields.optionalObject("next").map(SearchQuestion::cursor));
    }

    @Override
    public FoundTraces only(
            FoundTraces answer, IntPredicate partitions, ToIntFunction<TraceId> placed) {
        return new FoundTraces(
                answer.found().stream()
                        .filter(found ->
                                partitions.test(placed.applyAsInt(found.trace().traceId())))
                        .toList(),
                answer.next());
    }
}
