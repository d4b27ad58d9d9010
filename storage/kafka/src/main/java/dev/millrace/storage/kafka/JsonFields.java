package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.Slice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The fields of a JSON object, read as what they are expected to be.
///
/// Those that nobody asks for do no harm. Every method throws [IllegalArgumentException] for a
/// field that is something else, naming it.
final class JsonFields {

    private static final JsonFactory JSON = new JsonFactory();

    private final Map<String, Object> fields;

    private JsonFields(Map<String, Object> fields) {
        this.fields = fields;
    }

    /// @throws IllegalArgumentException when the bytes are anything but one JSON object
    static JsonFields parse(Slice bytes) {
        try (var json = JSON.createParser(bytes.array(), bytes.offset(), bytes.length())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("not a JSON object");
            }
            return new JsonFields(object(json));
        } catch (IOException e) {
            throw new IllegalArgumentException("not JSON: " + e.getMessage(), e);
        }
    }

    // Nested no deeper than the parser allows.
    private static Map<String, Object> object(JsonParser json) throws IOException {
        var object = new LinkedHashMap<String, Object>();
        for (var name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
            var field = name;
            value(json, json.nextToken()).ifPresent(value -> object.put(field, value));
        }
        return object;
    }

    private static Optional<Object> value(JsonParser json, JsonToken token) throws IOException {
        return switch (token) {
            case VALUE_STRING -> Optional.of(json.getText());
            case VALUE_NUMBER_INT -> Optional.of(json.getLongValue());
            case VALUE_TRUE -> Optional.of(true);
            case VALUE_FALSE -> Optional.of(false);
            case START_OBJECT -> Optional.of(new JsonFields(object(json)));
            case START_ARRAY -> Optional.of(list(json));
            case VALUE_NULL -> Optional.empty();
            default -> throw new IllegalArgumentException("unexpected " + token);
        };
    }

    private static List<Object> list(JsonParser json) throws IOException {
        var list = new ArrayList<>();
        for (var token = json.nextToken();
                token != null && token != JsonToken.END_ARRAY;
                token = json.nextToken()) {
            value(json, token).ifPresent(list::add);
        }
        return list;
    }

    String text(String name) {
        return optionalText(name).orElseThrow(() -> missing(name, "text"));
    }

    Optional<String> optionalText(String name) {
        return field(name, String.class);
    }

    long number(String name) {
        return optionalNumber(name).orElseThrow(() -> missing(name, "a whole number"));
    }

    Optional<Long> optionalNumber(String name) {
        return field(name, Long.class);
    }

    int integer(String name) {
        return integer(name, number(name));
    }

    private static int integer(String name, long number) {
        if (number != (int) number) {
            throw new IllegalArgumentException(name + ": " + number + " (expected: 32 bits)");
        }
        return (int) number;
    }

    boolean flag(String name) {
        return field(name, Boolean.class).orElseThrow(() -> missing(name, "true or false"));
    }

    Optional<JsonFields> optionalObject(String name) {
        return field(name, JsonFields.class);
    }

    List<String> texts(String name) {
        return list(name, String.class);
    }

    List<Long> numbers(String name) {
        return list(name, Long.class);
    }

    List<Integer> integers(String name) {
        return numbers(name).stream().map(number -> integer(name, number)).toList();
    }

    List<JsonFields> objects(String name) {
        return list(name, JsonFields.class);
    }

    private <T> List<T> list(String name, Class<T> of) {
        var list = field(name, List.class).orElseThrow(() -> missing(name, "a list"));
        var read = new ArrayList<T>(list.size());
        for (var each : list) {
            read.add(cast(name, each, of));
        }
        return read;
    }

    private <T> Optional<T> field(String name, Class<T> of) {
        return Optional.ofNullable(fields.get(name)).map(value -> cast(name, value, of));
    }

    private static <T> T cast(String name, Object value, Class<T> of) {
        if (!of.isInstance(value)) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + value.getClass().getSimpleName()
                            + " (expected: "
                            + of.getSimpleName()
                            + ")");
        }
        return of.cast(value);
    }

    private static IllegalArgumentException missing(String name, String expected) {
        return new IllegalArgumentException(name + ": nothing (expected: " + expected + ")");
    }
}
