package dev.millrace.wire.zipkin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoWriter;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Attributes written as a JSON object inside a text, as events and links have them.
final class JsonAttributes {

    private static final int MAX_DEPTH = 16;

    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build();

    private JsonAttributes() {}

    /// The attributes as fields of that number, or null when the text is not a JSON object.
    static @Nullable Slice write(String json, int field, int maxBytes) {
        var out = new ProtoWriter(Math.min(maxBytes, 2 * json.length() + 16), maxBytes);
        try (var parser = FACTORY.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            members(parser, out, field);
            return parser.nextToken() == null ? out.finish() : null;
        } catch (IOException _) {
            return null;
        }
    }

    private static void members(JsonParser parser, ProtoWriter out, int field) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            int opened = out.open(field);
            out.text(OtlpFields.KEY, parser.currentName());
            parser.nextToken();
            value(parser, out, OtlpFields.VALUE);
            out.close(opened);
        }
    }

    private static void value(JsonParser parser, ProtoWriter out, int field) throws IOException {
        int opened = out.open(field);
        switch (parser.currentToken()) {
            case VALUE_TRUE -> out.chosen(OtlpFields.BOOL_VALUE, 1);
            case VALUE_FALSE -> out.chosen(OtlpFields.BOOL_VALUE, 0);
            case VALUE_NUMBER_INT -> integer(parser, out);
            case VALUE_NUMBER_FLOAT ->
                    out.fixed64(
                            OtlpFields.REAL_VALUE,
                            Double.doubleToRawLongBits(parser.getDoubleValue()));
            case START_ARRAY -> {
                int array = out.open(OtlpFields.ARRAY_VALUE);
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    value(parser, out, OtlpFields.VALUES);
                }
                out.close(array);
            }
            case START_OBJECT -> {
                int nested = out.open(OtlpFields.NESTED_VALUE);
                members(parser, out, OtlpFields.VALUES);
                out.close(nested);
            }
            case VALUE_STRING -> {
                String text = parser.getText();
                if (text.isEmpty()) {
                    out.header(OtlpFields.TEXT_VALUE, 0);
                } else {
                    out.text(OtlpFields.TEXT_VALUE, text);
                }
            }
            // A null is a value without content in OTLP too; the rest cannot start a value.
            default -> {}
        }
        out.close(opened);
    }

    private static void integer(JsonParser parser, ProtoWriter out) throws IOException {
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
            out.fixed64(OtlpFields.REAL_VALUE, Double.doubleToRawLongBits(parser.getDoubleValue()));
        } else {
            out.chosen(OtlpFields.INT_VALUE, parser.getLongValue());
        }
    }
}
