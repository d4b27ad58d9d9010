package dev.millrace.query;

import com.linecorp.armeria.common.QueryParams;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.query.TempoApi.Listed;
import dev.millrace.query.TempoApi.Scope;
import dev.millrace.query.TempoJson.Found;
import dev.millrace.query.TempoJson.TagValue;
import dev.millrace.traceql.SpanSet;
import dev.millrace.traceql.Value;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The messages of Tempo's gRPC service as bytes: its requests become the parameters that the HTTP
/// API has for the same, and what that finds becomes its answers.
///
/// Numbers in comments are those of the fields in Tempo's `tempo.proto`.
final class TempoMessages {

    private static final int TAGS = 1;

    private static final Map<Integer, Part> SEARCH =
            Map.of(
                    2, new Part("minDuration", "ms"),
                    3, new Part("maxDuration", "ms"),
                    4, new Part("limit", ""),
                    5, new Part("start", ""),
                    6, new Part("end", ""),
                    8, new Part("q", ""),
                    9, new Part("spss", ""));

    private static final Map<Integer, Part> TAG_NAMES =
            Map.of(
                    1, new Part("scope", ""),
                    2, new Part("q", ""),
                    3, new Part("start", ""),
                    4, new Part("end", ""),
                    5, new Part("limit", ""));

    private static final Map<Integer, Part> TAG_VALUES =
            Map.of(
                    1, new Part("tag", ""),
                    2, new Part("q", ""),
                    4, new Part("start", ""),
                    5, new Part("end", ""),
                    6, new Part("limit", ""));

    /// What a field of a request is called as a parameter.
    private record Part(String parameter, String unit) {}

    private TempoMessages() {}

    /// Of a `SearchRequest`.
    ///
    /// @throws dev.millrace.wire.otlp.MalformedSpansException when it is no message
    static Parameters search(Tenant tenant, Slice request) {
        var parameters = read(request, SEARCH);
        var tags = tags(request);
        if (!tags.isEmpty()) {
            parameters.put("tags", tags);
        }
        return parameters(tenant, parameters);
    }

    /// Of a `SearchTagsRequest`.
    ///
    /// @throws dev.millrace.wire.otlp.MalformedSpansException when it is no message
    static Parameters tagNames(Tenant tenant, Slice request) {
        return parameters(tenant, read(request, TAG_NAMES));
    }

    /// Of a `SearchTagValuesRequest`.
    ///
    /// @throws dev.millrace.wire.otlp.MalformedSpansException when it is no message
    static Parameters tagValues(Tenant tenant, Slice request) {
        return parameters(tenant, read(request, TAG_VALUES));
    }

    private static Parameters parameters(Tenant tenant, Map<String, String> all) {
        var path = Map.of("tag", all.getOrDefault("tag", ""));
        var query = QueryParams.builder();
        all.forEach((name, value) -> query.add(name, value));
        return new Parameters(tenant, path, query.build(), List.of());
    }

    private static Map<String, String> read(Slice request, Map<Integer, Part> parts) {
        var read = new TreeMap<String, String>();
        var reader = ProtoReader.of(request);
        while (reader.next() != 0) {
            var part = parts.get(reader.field());
            if (part != null && reader.wireType() == ProtoReader.VARINT) {
                // Zero is what a field has that is not set.
                long number = reader.varint() & 0xffff_ffffL;
                if (number != 0) {
                    read.put(part.parameter(), number + part.unit());
                }
            } else if (part != null && reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                read.put(part.parameter(), reader.slice().toText());
            } else {
                reader.skip();
            }
        }
        return read;
    }

    // As the parameter has them: key="value", with spaces between.
    private static String tags(Slice request) {
        var tags = new TreeMap<String, String>();
        var reader = ProtoReader.of(request);
        while (reader.next() != 0) {
            if (reader.field() == TAGS && reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                var entry = texts(reader.slice());
                tags.put(entry.getOrDefault(1, ""), entry.getOrDefault(2, ""));
            } else {
                reader.skip();
            }
        }
        return tags.entrySet().stream()
                .map(tag -> tag.getKey() + "=\"" + escaped(tag.getValue()) + "\"")
                .collect(Collectors.joining(" "));
    }

    private static Map<Integer, String> texts(Slice entry) {
        var texts = new TreeMap<Integer, String>();
        var reader = ProtoReader.of(entry);
        while (reader.next() != 0) {
            if (reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                texts.put(reader.field(), reader.slice().toText());
            } else {
                reader.skip();
            }
        }
        return texts;
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"");
    }

    /// A `SearchResponse`: what was found since the one before, and how far the search is.
    static Slice found(List<Found> found, int looked, int pages, int totalPages) {
        var out = new ProtoWriter(256 * found.size() + 64);
        for (var trace : found) {
            int opened = out.open(1);
            trace(out, trace);
            out.close(opened);
        }
        int metrics = out.open(2);
        out.number(1, looked);
        out.number(4, pages);
        out.number(5, totalPages);
        out.close(metrics);
        return out.finish();
    }

    // TraceSearchMetadata
    private static void trace(ProtoWriter out, Found found) {
        var summary = found.summary();
        var root = summary.root();
        out.text(1, TempoJson.text(summary.traceId()));
        out.text(2, root == null ? TempoJson.NO_ROOT : root.serviceName());
        out.text(3, root == null ? "" : root.name());
        out.number(4, summary.startNanos());
        out.number(5, Math.max(0, summary.durationNanos() / 1_000_000));
        if (!found.spanSets().isEmpty()) {
            spanSet(out, 6, found.spanSets().getFirst());
            found.spanSets().forEach(set -> spanSet(out, 7, set));
        }
        for (var share : summary.services()) {
            int entry = out.open(8);
            out.text(1, share.service());
            int figures = out.open(2);
            out.number(1, share.spans());
            out.number(2, share.errors());
            out.close(figures);
            out.close(entry);
        }
    }

    private static void spanSet(ProtoWriter out, int field, SpanSet set) {
        int opened = out.open(field);
        for (var selected : set.spans()) {
            int span = out.open(1);
            out.text(1, selected.span().spanId().toString());
            out.text(2, selected.span().name());
            out.number(3, selected.span().startNanos());
            out.number(4, Math.max(0, selected.span().durationNanos()));
            for (var told : TempoJson.toldHere(selected)) {
                attribute(out, 5, told.field().label(), told.value());
            }
            out.close(span);
        }
        out.number(2, set.matched());
        set.notes().forEach(note -> attribute(out, 3, note.name(), note.value()));
        out.close(opened);
    }

    private static void attribute(ProtoWriter out, int field, String key, Value value) {
        out.bytes(
                field, OtlpEncoder.attribute(new Attribute(key, TempoJson.attributeValue(value))));
    }

    /// A `SearchTagsResponse` or a `SearchTagValuesResponse`, which are alike.
    static Slice texts(Listed<String> texts) {
        var out = new ProtoWriter(32 * texts.listed().size() + 16);
        texts.listed().forEach(text -> out.bytes(1, utf8(text)));
        return finished(out, texts);
    }

    /// A `SearchTagsV2Response`.
    static Slice scopes(Listed<Scope> scopes) {
        var out = new ProtoWriter(1_024);
        for (var scope : scopes.listed()) {
            int opened = out.open(1);
            out.text(1, scope.name());
            scope.tags().forEach(tag -> out.bytes(2, utf8(tag)));
            out.close(opened);
        }
        return finished(out, scopes);
    }

    /// A `SearchTagValuesV2Response`.
    static Slice values(Listed<TagValue> values) {
        var out = new ProtoWriter(32 * values.listed().size() + 16);
        for (var value : values.listed()) {
            int opened = out.open(1);
            out.text(1, value.type());
            out.text(2, value.text());
            out.close(opened);
        }
        return finished(out, values);
    }

    // With MetadataMetrics
    private static Slice finished(ProtoWriter out, Listed<?> listed) {
        var result = listed.result();
        int metrics = out.open(2);
        out.number(2, TempoJson.totalJobs(result));
        out.number(3, result.pages());
        out.close(metrics);
        return out.finish();
    }

    // An empty text in a list counts, unlike one in a field of its own.
    private static Slice utf8(String text) {
        return Slice.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
