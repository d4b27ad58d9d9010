package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads a span out of a document: exactly where we wrote it, else as well as Jaeger's fields tell.
///
/// Jaeger's documents come with tags in lists or in fields, with values of their types or all as
/// text, with ids of any width, and with the parent in its field or among the references.
///
/// @param dotReplacement stands for `.` in names of fields
record SpanSource(String dotReplacement) {

    private static final HexFormat HEX = HexFormat.of();
    private static final int START = ProtoReader.tag(7, ProtoReader.FIXED64);
    private static final int CHILDREN = 2;

    /// A span that was read.
    ///
    /// @param body OTLP `TracesData` with the one span
    record Stored(Slice body, long startNanos) {}

    /// @throws IllegalArgumentException when the document is not one of a span, saying why
    Stored read(JsonNode source) {
        var exact = source.path(Templates.MILLRACE);
        return exact.has("span") ? exactly(exact) : asJaegerHasIt(source);
    }

    private static Stored exactly(JsonNode exact) {
        var resource = bytes(exact, "resource");
        var scope = bytes(exact, "scope");
        var span = bytes(exact, "span");
        int inScope = scope.length() + ProtoWriter.lengthDelimitedSize(CHILDREN, span.length());
        int inResource = resource.length() + ProtoWriter.lengthDelimitedSize(CHILDREN, inScope);
        var writer =
                new ProtoWriter(inResource + 16)
                        .header(1, inResource)
                        .raw(resource.array(), resource.offset(), resource.length())
                        .header(CHILDREN, inScope)
                        .raw(scope.array(), scope.offset(), scope.length())
                        .bytes(CHILDREN, span);
        return new Stored(writer.finish(), start(span));
    }

    private static Slice bytes(JsonNode exact, String field) {
        try {
            byte @Nullable [] bytes = exact.path(field).binaryValue();
            if (bytes != null) {
                return Slice.of(bytes);
            }
        } catch (IOException _) {
            // Falls through to the message.
        }
        throw new IllegalArgumentException(
                "millrace." + field + ": " + exact.path(field) + " (expected: base64)");
    }

    private static long start(Slice span) {
        long start = 0;
        var reader = ProtoReader.of(span);
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == START) {
                start = reader.fixed64();
            } else {
                reader.skip();
            }
        }
        return start;
    }

    private Stored asJaegerHasIt(JsonNode source) {
        var traceId = TraceId.parse(source.path("traceID").asText());
        var spanId = SpanId.parse(source.path("spanID").asText());
        long start = nanos(source, "startTime");
        var tags = new SpanTags();
        tags(source, "tags", "tag").forEach(tags::take);
        var parent = parent(source, traceId);
        var span =
                Span.builder(traceId, spanId)
                        .parentSpanId(parent)
                        .traceState(tags.traceState)
                        .flags(source.path("flags").asInt())
                        .name(source.path("operationName").asText())
                        .kind(tags.kind)
                        .time(start, start + nanos(source, "duration"))
                        .attributes(new Attributes(tags.rest), 0)
                        .events(events(source.path("logs")), 0)
                        .links(links(source.path("references"), traceId, parent), 0)
                        .status(tags.status())
                        .resource(resource(source.path("process")))
                        .scope(
                                new Scope(
                                        tags.scopeName,
                                        tags.scopeVersion,
                                        new Attributes(tags(source, "scopeTags", "scopeTag")),
                                        0,
                                        ""))
                        .build();
        return new Stored(OtlpEncoder.encode(List.of(span)), start);
    }

    private static long nanos(JsonNode source, String field) {
        var micros = source.path(field);
        boolean isNumber = micros.isMissingNode() || micros.canConvertToLong();
        if (!isNumber || Math.abs(micros.asLong()) > Long.MAX_VALUE / (2 * Micros.NANOS)) {
            throw new IllegalArgumentException(field + ": " + micros + " (expected: microseconds)");
        }
        return micros.asLong() * Micros.NANOS;
    }

    private static @Nullable SpanId parent(JsonNode source, TraceId traceId) {
        String field = source.path("parentSpanID").asText();
        if (!field.isEmpty() && !field.matches("0+")) {
            return SpanId.parse(field);
        }
        @Nullable SpanId followed = null;
        for (var reference : source.path("references")) {
            var at = reference(reference);
            if (at.isPresent() && at.get().traceId().equals(traceId)) {
                if (isChildOf(reference)) {
                    return at.get().spanId();
                }
                followed = followed == null ? at.get().spanId() : followed;
            }
        }
        return followed;
    }

    private static boolean isChildOf(JsonNode reference) {
        return reference.path("refType").asText().equals(TagNames.CHILD_OF);
    }

    // A reference that leads nowhere is none; Jaeger's clients have written some.
    private static Optional<Link> reference(JsonNode reference) {
        try {
            return Optional.of(
                    new Link(
                            TraceId.parse(reference.path("traceID").asText()),
                            SpanId.parse(reference.path("spanID").asText()),
                            reference.path("traceState").asText(),
                            reference.path("flags").asInt(),
                            Attributes.EMPTY,
                            0));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private List<Link> links(JsonNode references, TraceId traceId, @Nullable SpanId parent) {
        var links = new ArrayList<Link>();
        for (var reference : references) {
            boolean childOf = isChildOf(reference);
            reference(reference)
                    .filter(link ->
                            !(childOf
                                    && link.spanId().equals(parent)
                                    && link.traceId().equals(traceId)))
                    .ifPresent(link -> links.add(withAttributes(link, childOf, reference)));
        }
        return links;
    }

    private Link withAttributes(Link link, boolean childOf, JsonNode reference) {
        var attributes = new ArrayList<>(tags(reference, "tags", "tag"));
        if (new Attributes(attributes).find(TagNames.REFERENCE_TYPE).isEmpty()) {
            attributes.add(
                    new Attribute(
                            TagNames.REFERENCE_TYPE,
                            new AttributeValue.Text(childOf ? "child_of" : "follows_from")));
        }
        return new Link(
                link.traceId(),
                link.spanId(),
                link.traceState(),
                link.flags(),
                new Attributes(attributes),
                0);
    }

    private List<Event> events(JsonNode logs) {
        var events = new ArrayList<Event>();
        for (var log : logs) {
            String name = "";
            var attributes = new ArrayList<Attribute>();
            for (var field : tags(log, "fields", "field")) {
                if (name.isEmpty()
                        && field.key().equals(TagNames.EVENT)
                        && field.value() instanceof AttributeValue.Text(String text)) {
                    name = text;
                } else {
                    attributes.add(field);
                }
            }
            events.add(new Event(nanos(log, "timestamp"), name, new Attributes(attributes), 0));
        }
        return events;
    }

    private Resource resource(JsonNode process) {
        var attributes = new ArrayList<Attribute>();
        String service = process.path("serviceName").asText();
        if (!service.isEmpty() && !service.equals(TagNames.NO_SERVICE)) {
            attributes.add(new Attribute(TagNames.SERVICE, new AttributeValue.Text(service)));
        }
        attributes.addAll(tags(process, "tags", "tag"));
        return new Resource(new Attributes(attributes), 0, "");
    }

    private List<Attribute> tags(JsonNode of, String list, String fields) {
        var tags = new ArrayList<Attribute>();
        for (var pair : of.path(list)) {
            tags.add(
                    new Attribute(
                            pair.path("key").asText(),
                            value(pair.path("type").asText(), pair.path("value"))));
        }
        of.path(fields)
                .properties()
                .forEach(field ->
                        tags.add(
                                new Attribute(
                                        field.getKey().replace(dotReplacement, "."),
                                        value("", field.getValue()))));
        return tags;
    }

    // Values may be of their type or text; what cannot be of its type stays what it is.
    private static AttributeValue value(String type, JsonNode value) {
        try {
            if (value.isTextual()) {
                return ofText(type.toLowerCase(Locale.ROOT), value.asText());
            }
        } catch (IllegalArgumentException _) {
            return new AttributeValue.Text(value.asText());
        }
        if (value.isBoolean()) {
            return new AttributeValue.Bool(value.asBoolean());
        }
        if (value.isNumber()) {
            return value.canConvertToLong()
                            && (value.isIntegralNumber() || type.equals("int64"))
                            && !type.equals("float64")
                    ? new AttributeValue.Int(value.asLong())
                    : new AttributeValue.Real(value.asDouble());
        }
        return value.isNull() || value.isMissingNode()
                ? new AttributeValue.Empty()
                : new AttributeValue.Text(value.toString());
    }

    private static AttributeValue ofText(String type, String text) {
        return switch (type) {
            case "bool" ->
                    switch (text) {
                        case "true", "True", "TRUE", "t", "T", "1" -> new AttributeValue.Bool(true);
                        case "false", "False", "FALSE", "f", "F", "0" ->
                                new AttributeValue.Bool(false);
                        default -> new AttributeValue.Text(text);
                    };
            case "int64" -> new AttributeValue.Int(Long.parseLong(text));
            case "float64" -> new AttributeValue.Real(Double.parseDouble(text));
            case "binary" -> new AttributeValue.Bytes(Slice.of(HEX.parseHex(text)));
            default -> new AttributeValue.Text(text);
        };
    }

    /// Sorts a span's tags into what OTLP has fields for and the rest.
    private static final class SpanTags {
        private SpanKind kind = SpanKind.UNSPECIFIED;
        private String traceState = "";
        private String scopeName = "";
        private String scopeVersion = "";
        private boolean failed;
        private Status.Code code = Status.Code.UNSET;
        private String message = "";
        private final List<Attribute> rest = new ArrayList<>();

        private void take(Attribute tag) {
            if (tag.value() instanceof AttributeValue.Text(String text)) {
                takeText(tag, text);
            } else if (tag.equals(FAILED)) {
                failed = true;
            } else {
                rest.add(tag);
            }
        }

        private void takeText(Attribute tag, String text) {
            switch (tag.key()) {
                case TagNames.KIND -> kind = kind(text);
                case TagNames.TRACE_STATE -> traceState = text;
                case TagNames.SCOPE_NAME -> scopeName = text;
                case TagNames.SCOPE_VERSION -> scopeVersion = text;
                case TagNames.STATUS_CODE -> code = code(text);
                case TagNames.STATUS_MESSAGE -> message = text;
                default -> rest.add(tag);
            }
        }

        private static SpanKind kind(String text) {
            for (var kind : SpanKind.values()) {
                if (kind.name().equalsIgnoreCase(text)) {
                    return kind;
                }
            }
            return SpanKind.UNSPECIFIED;
        }

        private static Status.Code code(String text) {
            for (var code : Status.Code.values()) {
                if (code.name().equalsIgnoreCase(text)) {
                    return code;
                }
            }
            return Status.Code.UNSET;
        }

        private Status status() {
            return new Status(failed ? Status.Code.ERROR : code, message);
        }

        private static final Attribute FAILED =
                new Attribute(TagNames.ERROR, new AttributeValue.Bool(true));
    }
}
