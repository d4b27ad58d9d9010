package dev.millrace.query;

import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.QueryParams;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Access;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What a request asks: whose traces, the variables of its path, its query parameters and the types
/// it accepts.
///
/// An empty parameter counts as absent. Every reader throws a [QueryException] that names the
/// parameter, its value and what was expected.
record Parameters(
        Tenant tenant, Map<String, String> path, QueryParams query, List<MediaType> accepted) {

    static Parameters of(ServiceRequestContext context) {
        return new Parameters(
                Access.tenant(context),
                context.pathParams(),
                context.queryParams(),
                context.request().headers().accept());
    }

    /// A variable of the path, decoded.
    String variable(String name) {
        return Optional.ofNullable(path.get(name)).orElse("");
    }

    Optional<String> text(String name) {
        return Optional.ofNullable(query.get(name)).filter(text -> !text.isEmpty());
    }

    List<String> all(String name) {
        return query.getAll(name).stream().filter(text -> !text.isEmpty()).toList();
    }

    /// Refuses parameters of any other name, and all but those in `repeatable` when given twice.
    void allowOnly(Set<String> single, Set<String> repeatable) {
        for (var name : query.names()) {
            if (!single.contains(name) && !repeatable.contains(name)) {
                throw QueryException.invalid("parameter", name, either(single, repeatable));
            }
            if (single.contains(name) && query.getAll(name).size() > 1) {
                throw QueryException.invalid(
                        name, String.join(", ", query.getAll(name)), "one value");
            }
        }
    }

    int limit(int absent, int max) {
        return read("limit", "1 to " + max, Parameters::toLong)
                .map(number -> inRange(number, max))
                .orElse(absent);
    }

    /// A duration in nanoseconds.
    Optional<Long> durationNanos(String name) {
        return read(name, DurationText.EXPECTED, DurationText::parseNanos);
    }

    /// Refuses a greatest duration below the least.
    void checkDurations(long minNanos, long maxNanos) {
        if (minNanos > maxNanos) {
            throw QueryException.invalid(
                    "maxDuration",
                    text("maxDuration").orElse(""),
                    "at least minDuration, " + text("minDuration").orElse(""));
        }
    }

    Optional<SpanKind> kind(String name) {
        return text(name).map(text -> kind(name, text));
    }

    Optional<Status.Code> status(String name) {
        return text(name).map(text -> status(name, text));
    }

    boolean flag(String name) {
        return read(name, "true or false", Parameters::toBoolean).orElse(false);
    }

    /// Reads a parameter with a parser that is empty for what it does not understand.
    <T> Optional<T> read(String name, String expected, Function<String, Optional<T>> parser) {
        return text(name)
                .map(text ->
                        parser.apply(text)
                                .orElseThrow(() -> QueryException.invalid(name, text, expected)));
    }

    static SpanKind kind(String name, String text) {
        return named(SpanKind.values(), name, text);
    }

    static Status.Code status(String name, String text) {
        return named(Status.Code.values(), name, text);
    }

    static Optional<Long> toLong(String text) {
        try {
            return Optional.of(Long.parseLong(text));
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }

    private static int inRange(long limit, int max) {
        if (limit < 1 || limit > max) {
            throw QueryException.invalid("limit", Long.toString(limit), "1 to " + max);
        }
        return (int) limit;
    }

    private static Optional<Boolean> toBoolean(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "t", "1" -> Optional.of(true);
            case "false", "f", "0" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    private static <E extends Enum<E>> E named(E[] constants, String name, String text) {
        return Arrays.stream(constants)
                .filter(constant -> constant.name().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> QueryException.invalid(name, text, "one of " + list(constants)));
    }

    private static <E extends Enum<E>> String list(E[] constants) {
        return Arrays.stream(constants)
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    private static String either(Set<String> single, Set<String> repeatable) {
        var names = new TreeSet<>(single);
        names.addAll(repeatable);
        return names.isEmpty() ? "no parameters" : "one of " + String.join(", ", names);
    }
}
