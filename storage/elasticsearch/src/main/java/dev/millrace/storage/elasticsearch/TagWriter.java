package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Slice;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes attributes as Jaeger's tags: key, type and value in a list, or a field for each.
///
/// Lists and maps become the text of their JSON, bytes hexadecimal digits.
record TagWriter(TagsAsFields asFields) {

    private static final JsonFactory JSON = new JsonFactory();
    private static final HexFormat HEX = HexFormat.of();

    /// Writes two fields of an object: a list of tags, and an object of those with fields of their
    /// own, left out when there are none.
    void write(JsonGenerator json, String list, String fields, List<Attribute> tags)
            throws IOException {
        var elevated = new ArrayList<Attribute>();
        var taken = new HashSet<String>();
        json.writeArrayFieldStart(list);
        for (var tag : tags) {
            // A field has one value: a second tag of its key stays in the list.
            if (isField(tag) && taken.add(tag.key())) {
                elevated.add(tag);
            } else {
                writePair(json, tag.key(), tag.value());
            }
        }
        json.writeEndArray();
        if (!elevated.isEmpty()) {
            json.writeObjectFieldStart(fields);
            for (var tag : elevated) {
                json.writeFieldName(TagNames.field(tag.key(), asFields.dotReplacement()));
                writeValue(json, tag.value());
            }
            json.writeEndObject();
        }
    }

    private boolean isField(Attribute tag) {
        return (asFields.all() || asFields.keys().contains(tag.key()))
                && !(tag.value() instanceof AttributeValue.Bytes)
                // In a list the server can tell which values it left out of the index.
                && !isLong(tag.value())
                && TagNames.canBeField(tag.key(), asFields.dotReplacement());
    }

    private static boolean isLong(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Text(String text) -> text.length() > Query.MAX_KEYWORD;
            case AttributeValue.Array _, AttributeValue.Nested _ ->
                    compound(value).length() > Query.MAX_KEYWORD;
            case AttributeValue.Bool _,
                    AttributeValue.Int _,
                    AttributeValue.Real _,
                    AttributeValue.Bytes _,
                    AttributeValue.Empty _ ->
                    false;
        };
    }

    /// Writes a list of tags where fields are not foreseen.
    static void write(JsonGenerator json, String list, Iterable<Attribute> tags)
            throws IOException {
        json.writeArrayFieldStart(list);
        for (var tag : tags) {
            writePair(json, tag.key(), tag.value());
        }
        json.writeEndArray();
    }

    static void writePair(JsonGenerator json, String key, AttributeValue value) throws IOException {
        json.writeStartObject();
        json.writeStringField("key", key);
        json.writeStringField("type", type(value));
        json.writeFieldName("value");
        writeValue(json, value);
        json.writeEndObject();
    }

    private static String type(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Bool _ -> "bool";
            case AttributeValue.Int _ -> "int64";
            case AttributeValue.Real _ -> "float64";
            case AttributeValue.Bytes _ -> "binary";
            case AttributeValue.Text _,
                    AttributeValue.Array _,
                    AttributeValue.Nested _,
                    AttributeValue.Empty _ ->
                    "string";
        };
    }

    private static void writeValue(JsonGenerator json, AttributeValue value) throws IOException {
        switch (value) {
            case AttributeValue.Text(String text) -> json.writeString(text);
            case AttributeValue.Bool(boolean bool) -> json.writeBoolean(bool);
            case AttributeValue.Int(long number) -> json.writeNumber(number);
            case AttributeValue.Real(double number) -> writeReal(json, number);
            case AttributeValue.Bytes(Slice bytes) -> json.writeString(hex(bytes));
            case AttributeValue.Empty _ -> json.writeString("");
            case AttributeValue.Array _, AttributeValue.Nested _ ->
                    json.writeString(compound(value));
        }
    }

    // What JSON has no numbers for.
    private static void writeReal(JsonGenerator json, double number) throws IOException {
        if (Double.isFinite(number)) {
            json.writeNumber(number);
        } else {
            json.writeString(Double.toString(number));
        }
    }

    private static String hex(Slice bytes) {
        return HEX.formatHex(bytes.array(), bytes.offset(), bytes.offset() + bytes.length());
    }

    private static String compound(AttributeValue value) {
        var text = new StringWriter();
        try (var json = JSON.createGenerator(text)) {
            writePlain(json, value);
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot fail to be written to", e);
        }
        return text.toString();
    }

    private static void writePlain(JsonGenerator json, AttributeValue value) throws IOException {
        switch (value) {
            case AttributeValue.Text(String text) -> json.writeString(text);
            case AttributeValue.Bool(boolean bool) -> json.writeBoolean(bool);
            case AttributeValue.Int(long number) -> json.writeNumber(number);
            case AttributeValue.Real(double number) -> writeReal(json, number);
            case AttributeValue.Bytes(Slice bytes) ->
                    json.writeString(Base64.getEncoder().encodeToString(bytes.toByteArray()));
            case AttributeValue.Empty _ -> json.writeNull();
            case AttributeValue.Array(List<AttributeValue> values) -> {
                json.writeStartArray();
                for (var element : values) {
                    writePlain(json, element);
                }
                json.writeEndArray();
            }
            case AttributeValue.Nested(Attributes nested) -> {
                json.writeStartObject();
                for (var entry : firstOfEachKey(nested).entrySet()) {
                    json.writeFieldName(entry.getKey());
                    writePlain(json, entry.getValue());
                }
                json.writeEndObject();
            }
        }
    }

    private static Map<String, AttributeValue> firstOfEachKey(Attributes attributes) {
        var values = new LinkedHashMap<String, AttributeValue>();
        attributes.forEach(entry -> values.putIfAbsent(entry.key(), entry.value()));
        return values;
    }
}
