package dev.millrace.enrichment.rules;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.enrichment.api.TraceDraft;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.AttributeValue.Int;
import dev.millrace.model.AttributeValue.Text;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RulesFileTest {

    private static final TraceId ID = new TraceId(1, 1);
    private static final Slice KEY = Slice.of("0123456789abcdef".getBytes(UTF_8));

    @Test
    void setsAttributesOnSpansUnlessToldOtherwise() {
        // When
        var span = span("set: {team: payments, critical: true, tier: 1, weight: 0.5, in: [a, 2]}");

        // Then
        assertThat(span.attributes().entries())
                .contains(
                        new Attribute("team", new Text("payments")),
                        new Attribute("critical", new AttributeValue.Bool(true)),
                        new Attribute("tier", new Int(1)),
                        new Attribute("weight", new AttributeValue.Real(0.5)),
                        new Attribute(
                                "in",
                                new AttributeValue.Array(List.of(new Text("a"), new Int(2)))));
        assertThat(span.resource().attributes().find("team")).isEmpty();
        assertThat(span.events().getFirst().attributes().find("team")).isEmpty();
    }

    @Test
    void setsOnTheResourceWhenToldSo() {
        // When
        var span = span("set: {region: eu}, on: resource");

        // Then
        assertThat(span.resource().attributes().find("region")).contains(new Text("eu"));
        assertThat(span.attributes().find("region")).isEmpty();
    }

    @Test
    void setReplacesTheValueInItsPlace() {
        // When
        var span = span("set: {user: bob}");

        // Then
        assertThat(span.attributes()).hasToString("{user=bob, card=4711, http={auth=secret}}");
    }

    @Test
    void renamesWhereverTheKeyStands() {
        // When
        var span = span("rename: {user: enduser.id}");

        // Then
        assertThat(everywhere(span))
                .allSatisfy(attributes -> {
                    assertThat(attributes.find("user")).isEmpty();
                    assertThat(attributes.find("enduser.id")).contains(new Text("ann"));
                });
    }

    @Test
    void aRenamedAttributeGivesWayToOneThatHasTheNameAlready() {
        // When
        var span = span("rename: {user: card}");

        // Then
        assertThat(span.attributes()).hasToString("{card=4711, http={auth=secret}}");
    }

    @Test
    void redactsByKeysWhereverTheyStand() {
        // When
        var span = span("redact: [us*, card]");

        // Then
        assertThat(everywhere(span))
                .allSatisfy(attributes ->
                        assertThat(attributes)
                                .hasToString("{user=***, card=***, http={auth=secret}}"));
    }

    @Test
    void redactsWhatIsNestedByItsPath() {
        // When
        var span = span("redact: http.auth, with: gone");

        // Then
        assertThat(span.attributes()).hasToString("{user=ann, card=4711, http={auth=gone}}");
    }

    @Test
    void redactsByValue() {
        // When
        var span = span("redact: '*', value: '47*'");

        // Then
        assertThat(span.attributes()).hasToString("{user=ann, card=***, http={auth=secret}}");
    }

    @Test
    void equalValuesHaveEqualHashesUnderOneKeyOnly() {
        // When
        var one = span("redact: [user, http], hash: true");
        var other =
                enriched(
                        "redact: [user, http], hash: true",
                        Slice.of("fedcba9876543210".getBytes(UTF_8)));

        // Then
        var hash = one.attributes().find("user").orElseThrow();
        assertThat(hash.toString()).matches("[0-9a-f]{32}");
        assertThat(one.resource().attributes().find("user")).contains(hash);
        assertThat(one.attributes().find("http")).isNotEqualTo(Optional.of(hash));
        assertThat(other.attributes().find("user")).isPresent().isNotEqualTo(Optional.of(hash));
    }

    @Test
    void dropsByKeyAndValueInsideOthersToo() {
        // When
        var span = span("drop: ['card', 'http.*']");

        // Then
        assertThat(everywhere(span))
                .allSatisfy(
                        attributes -> assertThat(attributes).hasToString("{user=ann, http={}}"));
    }

    @Test
    void keepsToThePlacesItIsGiven() {
        // When
        var span = span("drop: '*', on: [event, link]");

        // Then
        assertThat(span.events().getFirst().attributes().isEmpty()).isTrue();
        assertThat(span.links().getFirst().attributes().isEmpty()).isTrue();
        assertThat(span.attributes().isEmpty()).isFalse();
        assertThat(span.resource().attributes().isEmpty()).isFalse();
        assertThat(span.scope().attributes().isEmpty()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {service: 'sho*'}                            | true
                    {service: 'web'}                             | false
                    {resource: {user: 'a*'}}                     | true
                    {resource: {user: 'b*'}}                     | false
                    {resource: {absent: '*'}}                    | false
                    {span: {card: 4711}}                         | true
                    {span: {card: 4712}}                         | false
                    {service: shop, span: {card: '4*', user: x}} | false
                    """)
    void appliesWhereItsConditionHolds(String when, boolean expected) {
        // When
        var span = span("set: {hit: true}, when: " + when);

        // Then
        assertThat(span.attributes().find("hit").isPresent()).isEqualTo(expected);
    }

    @Test
    void aConditionOnSpansLeavesWhatTheyShareAlone() {
        // When
        var span = span("drop: user, when: {span: {card: '*'}}");

        // Then
        assertThat(span.attributes().find("user")).isEmpty();
        assertThat(span.events().getFirst().attributes().find("user")).isEmpty();
        assertThat(span.resource().attributes().find("user")).isPresent();
    }

    @Test
    void aRuleSeesWhatThoseBeforeItDid() {
        // When
        var trace =
                apply(
                        "rules: [{name: a, rename: {user: who}, on: span},"
                                + " {name: b, when: {span: {who: ann}}, set: {hit: 1}}]",
                        KEY);

        // Then
        assertThat(trace.spans().getFirst().attributes().find("hit")).isPresent();
    }

    @Test
    void aConditionIsNotDisturbedByWhatItsRuleDoes() {
        // When
        var span = span("rename: {service.name: old.service}, when: {service: shop}");

        // Then
        assertThat(span.resource().attributes().find("old.service")).contains(new Text("shop"));
        assertThat(span.serviceName()).isEqualTo(Resource.UNKNOWN_SERVICE);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    rules: []                      | line 1: no rule (expected: at least one)
                    rule: 1                        | line 1: "rule" (expected: one of rules)
                    rules: [{name: a}]             | line 1: rules[1]: 0 changes (expected: one of set, rename, redact and drop)
                    rules: [{name: a, drop: []}]   | line 1: rules[1].drop: [] (expected: at least one key)
                    rules: [{name: a, drop: x, on: spam}] | line 1: rules[1].on: "spam" (expected: one of event, link, resource, scope, span)
                    rules: [{name: a, drop: x, with: y}]  | line 1: rules[1].with: not at its place (expected: only beside redact)
                    rules: [{name: a, set: {b: 1}, value: y}]  | line 1: rules[1].value: not at its place (expected: only beside redact or drop)
                    rules: [{name: a, drop: x}, {name: a, drop: y}] | line 1: rules[2]: name "a" twice (expected: a name of its own)
                    rules: [{name: a, drop: x, on: resource, when: {span: {b: c}}}] | line 1: on: scope or resource (expected: span, event or link, as when.span is asked for)
                    rules: [{name: a, drop: x, when: {}}] | line 1: rules[1].when: {} (expected: at least one condition)
                    rules: [{name: a, rename: {b: ''}}] | line 1: rules[1].rename.b: "" (expected: a key)
                    rules: [{name: a, redact: x, hash: true}] | line 1: rules[1].hash: true, and no key is set (expected: a key to hash with)
                    """)
    void saysWhereAndWhyWhatIsNoRules(String text, String complaint) {
        assertThatThrownBy(() -> RulesFile.read("rules-file", text, Optional.empty()))
                .hasMessage("rules-file, " + complaint);
    }

    @Test
    void tellsTheLineOfWhatIsWrong() {
        assertThatThrownBy(() ->
                        RulesFile.read(
                                "rules-file",
                                "rules:\n  - name: a\n    drop: x\n  - name: b\n    erase: y",
                                Optional.empty()))
                .hasMessageStartingWith(
                        "rules-file, line 5: rules[2]: \"erase\" (expected: one of");
    }

    @Test
    void refusesAKeyThatIsTooShort() {
        assertThatThrownBy(() ->
                        RulesFile.read(
                                "rules-file",
                                "rules: [{name: a, redact: x, hash: true}]",
                                Optional.of(Slice.of(new byte[3]))))
                .hasMessage("rules-file, line 1: key: 3 bytes (expected: at least 16)");
    }

    private static List<Attributes> everywhere(Span span) {
        return List.of(
                span.attributes(),
                span.events().getFirst().attributes(),
                span.links().getFirst().attributes(),
                span.scope().attributes(),
                Attributes.of(
                        span.resource().attributes().entries().stream()
                                .filter(entry -> !entry.key().equals("service.name"))
                                .toArray(Attribute[]::new)));
    }

    private static Span span(String rule) {
        return enriched(rule, KEY);
    }

    private static Span enriched(String rule, Slice key) {
        return apply("rules: [{name: a, " + rule + "}]", key).spans().getFirst();
    }

    private static Trace apply(String rules, Slice key) {
        var draft = new TraceDraft(Tenant.DEFAULT, new Trace(ID, List.of(sent())), false);
        RulesFile.read("rules-file", rules, Optional.of(key)).enrich(draft);
        return draft.now();
    }

    private static Span sent() {
        var attributes =
                List.of(
                        new Attribute("user", new Text("ann")),
                        new Attribute("card", new Int(4711)),
                        new Attribute(
                                "http",
                                new AttributeValue.Nested(
                                        Attributes.of(new Attribute("auth", new Text("secret"))))));
        var each = new Attributes(attributes);
        var service = new ArrayList<>(attributes);
        service.add(new Attribute("service.name", new Text("shop")));
        return Span.builder(ID, new SpanId(1))
                .attributes(each, 0)
                .events(List.of(new Event(1, "event", each, 0)), 0)
                .links(List.of(new Link(ID, new SpanId(2), "", 0, each, 0)), 0)
                .scope(new Scope("tests", "1", each, 0, ""))
                .resource(new Resource(new Attributes(service), 0, ""))
                .build();
    }
}
