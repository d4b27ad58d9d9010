package dev.millrace.sampling.tail;

import dev.millrace.model.Glob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Conditions in words, for people who look at a policy that is in force.
public final class ConditionWords {

    private static final Map<Integer, String> KINDS =
            Map.of(1, "internal", 2, "server", 3, "client", 4, "producer", 5, "consumer");

    private ConditionWords() {}

    /// What a rule asks of a trace: "a span failed", "took 2s or longer".
    public static String of(Expression expression) {
        return switch (expression) {
            case Expression.All all -> joined(all.operands(), " and ");
            case Expression.Any any -> joined(any.operands(), " or ");
            case Expression.Not not -> "not (" + of(not.operand()) + ")";
            case Expression.Chance chance -> "a chance of " + share(chance.probability());
            case Predicate.Always _ -> "always";
            case Predicate.AnyError _ -> "a span failed";
            case Predicate.RootError _ -> "the root failed";
            case Predicate.SlowerThanMost slower ->
                    "slower than p" + number(slower.percentile()) + " of its root operation";
            case Predicate.SlowerThan slower -> "took " + text(slower.bound()) + " or longer";
            case Predicate.Root root -> root(root);
            case Predicate.HasSpan has -> span(has.span());
            case Predicate.SpanCount count -> count(count);
        };
    }

    private static String joined(List<Expression> operands, String word) {
        return operands.stream()
                .map(operand ->
                        operand instanceof Expression.All || operand instanceof Expression.Any
                                ? "(" + of(operand) + ")"
                                : of(operand))
                .collect(Collectors.joining(word));
    }

    private static String root(Predicate.Root root) {
        var parts = new ArrayList<String>();
        add(parts, "service", root.service());
        add(parts, "operation", root.operation());
        return parts.isEmpty() ? "any root" : "a root with " + String.join(", ", parts);
    }

    private static String span(SpanCondition span) {
        var parts = new ArrayList<String>();
        add(parts, "service", span.service());
        add(parts, "operation", span.operation());
        span.kind().ifPresent(kind -> parts.add("kind " + KINDS.getOrDefault(kind, "any")));
        span.error().ifPresent(failed -> parts.add(failed ? "an error" : "no error"));
        if (span.leastNanos() > 0) {
            parts.add("a duration of " + text(Duration.ofNanos(span.leastNanos())) + " or more");
        }
        new TreeMap<>(span.attributes())
                .forEach((key, value) -> parts.add(key + " " + value(value)));
        new TreeMap<>(span.traceState())
                .forEach((key, form) -> parts.add("trace state " + key + " = " + form));
        span.sampled().ifPresent(flag -> parts.add(flag ? "the sampled flag" : "no sampled flag"));
        return parts.isEmpty() ? "any span" : "a span with " + String.join(", ", parts);
    }

    private static void add(List<String> parts, String name, Glob form) {
        if (!form.isAny()) {
            parts.add(name + " " + form);
        }
    }

    private static String value(ValueCondition condition) {
        return switch (condition) {
            case ValueCondition.Present _ -> "present";
            case ValueCondition.Text text -> "= " + text.form();
            case ValueCondition.Truth truth -> "= " + truth.value();
            case ValueCondition.AnyOf any ->
                    any.values().stream()
                            .map(ConditionWords::value)
                            .collect(Collectors.joining(" or "));
            case ValueCondition.Range(double least, double most) -> {
                if (least == most) {
                    yield "= " + number(least);
                }
                if (most == Double.POSITIVE_INFINITY) {
                    yield "at least " + number(least);
                }
                yield least == Double.NEGATIVE_INFINITY
                        ? "at most " + number(most)
                        : "from " + number(least) + " to " + number(most);
            }
        };
    }

    private static String count(Predicate.SpanCount count) {
        if (count.most() == Integer.MAX_VALUE) {
            return "at least " + count.least() + " spans";
        }
        return count.least() == 0
                ? "at most " + count.most() + " spans"
                : count.least() + " to " + count.most() + " spans";
    }

    private static String share(double probability) {
        return number(probability * 100) + " %";
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.4g", value)
                        .replaceAll("(\\.\\d*?)0+$", "$1")
                        .replaceAll("\\.$", "");
    }

    private static String text(Duration duration) {
        double millis = duration.toNanos() / 1e6;
        return millis < 1_000 ? number(millis) + "ms" : number(millis / 1_000) + "s";
    }
}
