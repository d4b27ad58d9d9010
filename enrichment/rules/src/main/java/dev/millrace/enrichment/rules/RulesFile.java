package dev.millrace.enrichment.rules;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Glob;
import dev.millrace.model.Slice;
import dev.millrace.yaml.YamlNode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A YAML file with the rules of a [RuleEnricher]:
///
/// ```yaml
/// rules:
///   - name: credentials
///     redact: ["*authorization", "*password*"]      # keys; * stands for any characters
///   - name: people
///     redact: [enduser.id, user.email]
///     hash: true                                    # or with: TEXT
///   - name: tokens
///     redact: ["*"]
///     value: "Bearer *"
///   - name: old names
///     rename: {http.method: http.request.method}
///   - name: noise
///     when: {service: "shop*", resource: {deployment.environment: prod}}
///     on: [event]                                   # span, event, link, scope, resource
///     drop: ["debug.*"]
///   - name: team
///     when: {service: "pay*", span: {http.route: "/admin*"}}
///     set: {team: payments, critical: true}
/// ```
///
/// What is wrong is told with its line and what was expected there.
public final class RulesFile {

    private static final String REDACTED = "***";

    private static final Map<String, Place> PLACES =
            Map.of(
                    "span", Place.SPAN,
                    "event", Place.EVENT,
                    "link", Place.LINK,
                    "scope", Place.SCOPE,
                    "resource", Place.RESOURCE);

    private final Optional<Slice> hashKey;

    private RulesFile(Optional<Slice> hashKey) {
        this.hashKey = hashKey;
    }

    /// @param name of the file, for messages
    /// @param hashKey for rules that hash; empty where there is none, and then no rule may
    /// @throws IllegalArgumentException when these are no rules; the message says where and why
    public static RuleEnricher read(String name, String text, Optional<Slice> hashKey) {
        return new RulesFile(hashKey).rules(YamlNode.read(name, text, "rules"));
    }

    private RuleEnricher rules(YamlNode file) {
        var names = new HashSet<String>();
        var rules = new ArrayList<EnrichmentRule>();
        for (var node : file.mapping("rules").required("rules").list()) {
            var rule = rule(node);
            if (!names.add(rule.name())) {
                throw node.wrong("name \"" + rule.name() + "\" twice", "a name of its own");
            }
            rules.add(rule);
        }
        if (rules.isEmpty()) {
            throw file.wrong("no rule", "at least one");
        }
        return new RuleEnricher(rules);
    }

    private EnrichmentRule rule(YamlNode node) {
        var keys =
                node.mapping(
                        "name", "when", "on", "set", "rename", "redact", "drop", "value", "with",
                        "hash");
        String name = keys.required("name").text();
        var when = keys.optional("when").map(RulesFile::condition).orElse(Condition.NONE);
        var change = change(node, keys);
        var on = keys.optional("on").map(RulesFile::places).orElseGet(() -> usual(change, when));
        return node.checked(() -> new EnrichmentRule(name, when, on, change));
    }

    /// What hides or renames does so everywhere, lest something be forgotten.
    private static Set<Place> usual(Change change, Condition when) {
        if (change instanceof Change.SetTo) {
            return Set.of(Place.SPAN);
        }
        return when.span().isEmpty() ? Place.ALL : Place.OF_A_SPAN;
    }

    private Change change(YamlNode rule, YamlNode.Keys keys) {
        var changes = new ArrayList<Change>();
        keys.optional("set").map(RulesFile::set).ifPresent(changes::add);
        keys.optional("rename").map(RulesFile::rename).ifPresent(changes::add);
        keys.optional("redact")
                .map(node -> new Change.Redact(selection(node, keys), replacement(rule, keys)))
                .ifPresent(changes::add);
        keys.optional("drop")
                .map(node -> new Change.Drop(selection(node, keys)))
                .ifPresent(changes::add);
        if (changes.size() != 1) {
            throw rule.wrong(changes.size() + " changes", "one of set, rename, redact and drop");
        }
        var change = changes.getFirst();
        if (!(change instanceof Change.Redact)) {
            refuse(keys, "with", "only beside redact");
            refuse(keys, "hash", "only beside redact");
            if (!(change instanceof Change.Drop)) {
                refuse(keys, "value", "only beside redact or drop");
            }
        }
        return change;
    }

    private static void refuse(YamlNode.Keys keys, String key, String expected) {
        keys.optional(key)
                .ifPresent(node -> {
                    throw node.wrong("not at its place", expected);
                });
    }

    private Replacement replacement(YamlNode rule, YamlNode.Keys keys) {
        var text = keys.optional("with");
        var hash = keys.optional("hash");
        if (text.isPresent() && hash.isPresent()) {
            throw rule.wrong("with and hash both", "one of them");
        }
        if (hash.isEmpty()) {
            return new Replacement.Fixed(text.map(YamlNode::text).orElse(REDACTED));
        }
        if (!hash.get().truth()) {
            throw hash.get().wrong("false", "true, or nothing");
        }
        var key =
                hashKey.orElseThrow(
                        () -> hash.get().wrong("true, and no key is set", "a key to hash with"));
        return hash.get().checked(() -> new Replacement.KeyedHash(key));
    }

    private static Selection selection(YamlNode node, YamlNode.Keys keys) {
        List<Glob> forms =
                (node.isList() ? node.list() : List.of(node))
                        .stream().map(key -> new Glob(key.text())).toList();
        if (forms.isEmpty()) {
            throw node.wrong("[]", "at least one key");
        }
        return new Selection(
                forms,
                keys.optional("value").map(value -> new Glob(value.text())).orElse(Glob.ANY));
    }

    private static Change set(YamlNode node) {
        var values = new LinkedHashMap<String, AttributeValue>();
        named(node).forEach((key, value) -> values.put(key, value(value)));
        return new Change.SetTo(values);
    }

    private static AttributeValue value(YamlNode node) {
        if (node.isList()) {
            return new AttributeValue.Array(node.list().stream().map(RulesFile::value).toList());
        }
        if (node.isTruth()) {
            return new AttributeValue.Bool(node.truth());
        }
        if (!node.isNumber()) {
            return new AttributeValue.Text(node.text());
        }
        try {
            return new AttributeValue.Int(Long.parseLong(node.text()));
        } catch (NumberFormatException _) {
            return new AttributeValue.Real(node.number());
        }
    }

    private static Change rename(YamlNode node) {
        var names = new LinkedHashMap<String, String>();
        named(node)
                .forEach((key, to) -> {
                    if (to.text().isEmpty()) {
                        throw to.wrong("\"\"", "a key");
                    }
                    names.put(key, to.text());
                });
        return new Change.Rename(names);
    }

    /// What stands below keys of attributes.
    private static Map<String, YamlNode> named(YamlNode node) {
        var keys = node.mapping().values();
        if (keys.isEmpty() || keys.containsKey("")) {
            throw node.wrong(keys.isEmpty() ? "{}" : "\"\"", "keys of attributes");
        }
        return keys;
    }

    private static Condition condition(YamlNode node) {
        var keys = node.mapping("service", "resource", "span");
        if (keys.values().isEmpty()) {
            throw node.wrong("{}", "at least one condition");
        }
        return new Condition(
                keys.optional("service").map(form -> new Glob(form.text())).orElse(Glob.ANY),
                forms(keys.optional("resource")),
                forms(keys.optional("span")));
    }

    private static Map<String, Glob> forms(Optional<YamlNode> node) {
        var forms = new LinkedHashMap<String, Glob>();
        node.ifPresent(
                some -> named(some).forEach((key, form) -> forms.put(key, new Glob(form.text()))));
        return forms;
    }

    private static Set<Place> places(YamlNode node) {
        var places = EnumSet.noneOf(Place.class);
        (node.isList() ? node.list() : List.of(node))
                .forEach(place -> places.add(place.word(PLACES)));
        return places;
    }
}
