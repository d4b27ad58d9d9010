package dev.millrace.sampling.tail;

import dev.millrace.model.Glob;
import dev.millrace.yaml.YamlNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A YAML file with a [Policy]:
///
/// ```yaml
/// choice: strongest                 # or first
/// rules:
///   - name: errors
///     when: {error: any}            # any or root
///   - name: slow
///     when: {slower-than: p95}      # of its root operation; or a duration such as 2s
///   - name: orders
///     when:
///       any:
///         - root: {service: shop, operation: "POST /orders*"}
///         - span: {service: db, kind: client, attributes: {db.rows: {at-least: 1000}}}
///     keep: 50%
///   - name: rest
///     keep: 1%
/// budget: {spans-per-second: 5000}
/// ```
///
/// A condition is a mapping; of several keys in it all must hold. `service`, `operation`,
/// `attributes`, `trace-state` and `sampled` are short for a `span` with that key alone. What is
/// wrong is told with its line and what was expected there.
public final class PolicyFile {

    private static final Map<String, Integer> KINDS =
            Map.of("internal", 1, "server", 2, "client", 3, "producer", 4, "consumer", 5);

    private PolicyFile() {}

    /// @param name of the file, for messages
    /// @throws IllegalArgumentException when it is no policy; the message says where and why
    public static Policy read(String name, String text) {
        return policy(YamlNode.read(name, text, "rules or preset"));
    }

    private static Policy policy(YamlNode file) {
        var keys = file.mapping("choice", "rules", "preset", "budget");
        var preset =
                keys.optional("preset")
                        .map(node ->
                                node.word(
                                        Map.of(
                                                "keep-all", Policy.KEEP_ALL,
                                                "tail", Policy.TAIL,
                                                "hybrid", Policy.HYBRID)));
        if (preset.isPresent() == keys.optional("rules").isPresent()) {
            throw file.wrong("rules and preset both or neither", "one of them");
        }
        var choice =
                keys.optional("choice")
                        .map(node ->
                                node.word(
                                        Map.of(
                                                "strongest", Policy.Choice.STRONGEST,
                                                "first", Policy.Choice.FIRST)))
                        .orElse(Policy.Choice.STRONGEST);
        var budget = keys.optional("budget").map(PolicyFile::budget).orElse(Budget.NONE);
        List<Rule> rules =
                preset.map(Policy::rules)
                        .orElseGet(() ->
                                keys.required("rules").list().stream()
                                        .map(PolicyFile::rule)
                                        .toList());
        return file.checked(() -> new Policy(choice, rules, budget));
    }

    private static Rule rule(YamlNode node) {
        var keys = node.mapping("name", "when", "keep");
        String name = keys.required("name").text();
        Expression when =
                keys.optional("when").map(PolicyFile::condition).orElse(new Predicate.Always());
        double keep = keys.optional("keep").map(YamlNode::share).orElse(1.0);
        return node.checked(() -> new Rule(name, when, keep));
    }

    private static Budget budget(YamlNode node) {
        var keys = node.mapping("spans-per-second", "bytes-per-second");
        double spans = keys.optional("spans-per-second").map(YamlNode::number).orElse(0.0);
        double bytes = keys.optional("bytes-per-second").map(YamlNode::bytes).orElse(0.0);
        return node.checked(() -> new Budget(spans, bytes));
    }

    private static Expression condition(YamlNode node) {
        var keys =
                node.mapping(
                        "all",
                        "any",
                        "not",
                        "chance",
                        "error",
                        "slower-than",
                        "root",
                        "span",
                        "span-count",
                        "service",
                        "operation",
                        "attributes",
                        "trace-state",
                        "sampled");
        var parts = new ArrayList<Expression>();
        keys.forEach((key, value) -> parts.add(value.checked(() -> condition(key, value))));
        return switch (parts.size()) {
            case 0 -> throw node.wrong("{}", "at least one condition");
            case 1 -> parts.getFirst();
            default -> new Expression.All(parts);
        };
    }

    private static Expression condition(String key, YamlNode value) {
        return switch (key) {
            case "all" -> new Expression.All(conditions(value));
            case "any" -> new Expression.Any(conditions(value));
            case "not" -> new Expression.Not(condition(value));
            case "chance" -> new Expression.Chance(value.share());
            case "error" ->
                    value.word(
                            Map.<String, Predicate>of(
                                    "any", new Predicate.AnyError(),
                                    "root", new Predicate.RootError()));
            case "slower-than" -> slowerThan(value);
            case "root" -> {
                var keys = value.mapping("service", "operation");
                yield new Predicate.Root(glob(keys, "service"), glob(keys, "operation"));
            }
            case "span" -> new Predicate.HasSpan(span(value));
            case "span-count" -> {
                var keys = value.mapping("at-least", "at-most");
                yield new Predicate.SpanCount(
                        keys.optional("at-least").map(YamlNode::whole).orElse(0),
                        keys.optional("at-most").map(YamlNode::whole).orElse(Integer.MAX_VALUE));
            }
            default -> new Predicate.HasSpan(span(new YamlNode.Keys(value, Map.of(key, value))));
        };
    }

    private static List<Expression> conditions(YamlNode list) {
        return list.list().stream().map(PolicyFile::condition).toList();
    }

    private static Predicate slowerThan(YamlNode value) {
        String text = value.text();
        if (!text.startsWith("p")) {
            return new Predicate.SlowerThan(value.duration());
        }
        double percentile;
        try {
            percentile = Double.parseDouble(text.substring(1));
        } catch (NumberFormatException _) {
            throw value.wrong("\"" + text + "\"", "a percentile such as p95, or a duration");
        }
        return new Predicate.SlowerThanMost(percentile);
    }

    private static SpanCondition span(YamlNode node) {
        return span(
                node.mapping(
                        "service",
                        "operation",
                        "kind",
                        "error",
                        "slower-than",
                        "attributes",
                        "trace-state",
                        "sampled"));
    }

    private static SpanCondition span(YamlNode.Keys keys) {
        return new SpanCondition(
                glob(keys, "service"),
                glob(keys, "operation"),
                keys.optional("kind").map(node -> node.word(KINDS)),
                keys.optional("error").map(YamlNode::truth),
                keys.optional("slower-than").map(node -> node.duration().toNanos()).orElse(0L),
                values(keys.optional("attributes")),
                globs(keys.optional("trace-state")),
                keys.optional("sampled").map(YamlNode::truth));
    }

    private static Glob glob(YamlNode.Keys keys, String key) {
        return keys.optional(key).map(node -> new Glob(node.text())).orElse(Glob.ANY);
    }

    private static Map<String, Glob> globs(Optional<YamlNode> node) {
        var globs = new LinkedHashMap<String, Glob>();
        node.ifPresent(some ->
                some.mapping().forEach((key, value) -> globs.put(key, new Glob(value.text()))));
        return globs;
    }

    private static Map<String, ValueCondition> values(Optional<YamlNode> node) {
        var values = new LinkedHashMap<String, ValueCondition>();
        node.ifPresent(
                some -> some.mapping().forEach((key, value) -> values.put(key, value(value))));
        return values;
    }

    private static ValueCondition value(YamlNode node) {
        if (node.isList()) {
            return node.checked(() ->
                    new ValueCondition.AnyOf(node.list().stream().map(PolicyFile::value).toList()));
        }
        if (node.isMapping()) {
            var keys = node.mapping("at-least", "at-most", "present");
            if (keys.optional("present").isPresent()) {
                var present = keys.required("present");
                if (!present.truth() || keys.values().size() > 1) {
                    throw present.wrong("not true, or not alone", "present: true");
                }
                return new ValueCondition.Present();
            }
            double least =
                    keys.optional("at-least")
                            .map(YamlNode::number)
                            .orElse(Double.NEGATIVE_INFINITY);
            double most =
                    keys.optional("at-most").map(YamlNode::number).orElse(Double.POSITIVE_INFINITY);
            return node.checked(() -> new ValueCondition.Range(least, most));
        }
        if (node.isTruth()) {
            return new ValueCondition.Truth(node.truth());
        }
        return node.isNumber()
                ? new ValueCondition.Range(node.number(), node.number())
                : new ValueCondition.Text(new Glob(node.text()));
    }
}
