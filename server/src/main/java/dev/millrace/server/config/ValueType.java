package dev.millrace.server.config;

import dev.millrace.model.ByteSize;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A kind of value: how its text is read, and in which words it is asked for.
///
/// @param expected completes the sentence "expected: …"
/// @param parse gives the value, or throws [IllegalArgumentException] for a text it cannot read
record ValueType(String expected, Function<String, Object> parse) {

    /// The type of the values of a record component that is not itself a section.
    static ValueType of(RecordComponent component) {
        Class<?> type = component.getType();
        if (type == int.class) {
            return wholeNumber(component.getAnnotation(Between.class));
        }
        if (type == double.class) {
            return number();
        }
        if (type == boolean.class) {
            return new ValueType("true or false", ValueType::truth);
        }
        if (type.isEnum()) {
            return choice(type);
        }
        if (type == Duration.class) {
            return new ValueType(
                    "a duration such as 250ms, 10s, 5m, 1h or 7d", text -> Durations.parse(text));
        }
        if (type == ByteSize.class) {
            return new ValueType(
                    "a byte size such as 512, 64KiB, 8MiB or 2GiB", text -> ByteSize.parse(text));
        }
        if (type == Path.class) {
            return new ValueType("a path", text -> Path.of(notEmpty(text)));
        }
        if (type == List.class) {
            return new ValueType("texts with commas between", ValueType::list);
        }
        if (type == Map.class) {
            return new ValueType("text", text -> text);
        }
        if (type == String.class) {
            return new ValueType("text", text -> text);
        }
        throw new IllegalStateException("no way to read a " + type + " for " + component);
    }

    private static ValueType wholeNumber(Between range) {
        return new ValueType(
                "a whole number from " + range.min() + " to " + range.max(),
                text -> {
                    int number = Integer.parseInt(text);
                    if (number < range.min() || number > range.max()) {
                        throw new IllegalArgumentException(text);
                    }
                    return number;
                });
    }

    private static ValueType number() {
        return new ValueType(
                "a number such as 0.01 or 50",
                text -> {
                    double number = Double.parseDouble(text);
                    if (!(number >= 0 && number < Double.POSITIVE_INFINITY)) {
                        throw new IllegalArgumentException(text);
                    }
                    return number;
                });
    }

    private static boolean truth(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        };
    }

    private static ValueType choice(Class<?> type) {
        Map<String, Object> byName =
                Arrays.stream(type.getEnumConstants())
                        .collect(
                                Collectors.toMap(
                                        constant -> constant.toString().toLowerCase(Locale.ROOT),
                                        constant -> constant));
        String names =
                Arrays.stream(type.getEnumConstants())
                        .map(constant -> constant.toString().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", "));
        return new ValueType(
                byName.size() == 1 ? names : "one of " + names,
                text -> {
                    var constant = byName.get(text.toLowerCase(Locale.ROOT));
                    if (constant == null) {
                        throw new IllegalArgumentException(text);
                    }
                    return constant;
                });
    }

    private static List<String> list(String text) {
        return Arrays.stream(text.split(",", -1))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
    }

    private static String notEmpty(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException(text);
        }
        return text;
    }
}
