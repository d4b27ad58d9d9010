package dev.millrace.enrichment.rules;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Slice;
import java.util.List;
import java.util.stream.Collectors;

/// Attribute values as text, for comparing and hashing.
final class ValueText {

    private ValueText() {}

    /// A text as it is, numbers as they are written in Java, bytes read as UTF-8.
    static String of(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Text(String text) -> text;
            case AttributeValue.Bool(boolean truth) -> Boolean.toString(truth);
            case AttributeValue.Int(long number) -> Long.toString(number);
            case AttributeValue.Real(double number) -> Double.toString(number);
            case AttributeValue.Bytes(Slice bytes) -> bytes.toText();
            case AttributeValue.Array(List<AttributeValue> values) ->
                    values.stream().map(ValueText::of).collect(Collectors.joining(", ", "[", "]"));
            case AttributeValue.Nested(Attributes attributes) ->
                    attributes.entries().stream()
                            .map(entry -> entry.key() + "=" + of(entry.value()))
                            .collect(Collectors.joining(", ", "{", "}"));
            case AttributeValue.Empty() -> "";
        };
    }
}
