package dev.millrace.sampling.tail;

import static dev.millrace.sampling.tail.JudgedTrace.MILLISECOND;
import static dev.millrace.sampling.tail.JudgedTrace.OPERATION;
import static dev.millrace.sampling.tail.JudgedTrace.policy;
import static dev.millrace.sampling.tail.JudgedTrace.trace;
import static dev.millrace.sampling.tail.JudgedTrace.verdict;
import static dev.millrace.sampling.tail.JudgedTrace.when;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.sampling.Threshold;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JudgeTest {

    /// A condition, what is the case with the trace, and whether it holds.
    static final String CONDITIONS =
            """
            {error: any}                                               | db failed   | true
            {error: any}                                               | nothing     | false
            {error: root}                                              | root failed | true
            {error: root}                                              | db failed   | false
            {slower-than: 100ms}                                       | nothing     | true
            {slower-than: 101ms}                                       | nothing     | false
            {service: db}                                              | nothing     | true
            {service: d*}                                              | nothing     | true
            {service: mail}                                            | nothing     | false
            {operation: SELECT}                                        | nothing     | true
            {root: {service: shop, operation: GET *}}                  | nothing     | true
            {root: {operation: query}}                                 | nothing     | false
            {attributes: {db.rows: {at-least: 500}}}                   | nothing     | true
            {attributes: {db.rows: {at-least: 501}}}                   | nothing     | false
            {attributes: {db.rows: {at-most: 499}}}                    | nothing     | false
            {attributes: {db.rows: 500}}                               | nothing     | true
            {attributes: {load: {at-least: 0.5, at-most: 0.5}}}        | nothing     | true
            {attributes: {db.system: h*}}                              | nothing     | true
            {attributes: {db.system: [mysql, h2]}}                     | nothing     | true
            {attributes: {db.system: mysql}}                           | nothing     | false
            {attributes: {cached: true}}                               | nothing     | true
            {attributes: {cached: false}}                              | nothing     | false
            {attributes: {zone: eu-*}}                                 | nothing     | true
            {attributes: {db.rows: {present: true}}}                   | nothing     | true
            {attributes: {db.user: {present: true}}}                   | nothing     | false
            {span: {service: db, kind: server, operation: query}}      | nothing     | true
            {span: {service: db, kind: client}}                        | nothing     | false
            {span: {service: shop, slower-than: 81ms, kind: client}}   | nothing     | false
            {span: {service: db, error: true}}                         | db failed   | true
            {span: {service: shop, error: true}}                       | db failed   | false
            {all: [{service: db}, {operation: SELECT}]}                | nothing     | true
            {service: db, operation: nothing}                          | nothing     | false
            {any: [{service: mail}, {service: db}]}                    | nothing     | true
            {not: {service: mail}}                                     | nothing     | true
            {not: {service: db}}                                       | nothing     | false
            {span-count: {at-least: 3}}                                | nothing     | true
            {span-count: {at-most: 2}}                                 | nothing     | false
            {trace-state: {vendor: g*}}                                | vendor      | true
            {trace-state: {vendor: g*}}                                | nothing     | false
            {sampled: true}                                            | sampled     | true
            {sampled: true}                                            | nothing     | false
            {sampled: false}                                           | sampled     | true
            {span: {service: db, attributes: {db.rows: 500, zone: eu-1}}} | nothing  | true
            {span: {service: shop, attributes: {db.rows: 500}}}        | nothing     | false
            {service: shop, attributes: {db.rows: 500}}                | nothing     | true
            {attributes: {db.rows: 500.0}}                             | nothing     | true
            {attributes: {cached: "true"}}                             | nothing     | true
            {attributes: {db.rows: [1, {at-least: 400, at-most: 600}]}} | nothing    | true
            """;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = CONDITIONS)
    void keepsATraceThatMeetsTheCondition(String condition, String trait, boolean kept) {
        // Given
        var spans = trace(trait::equals);

        // When
        var atOnce = verdict(when(condition), spans);
        var inParts = verdict(when(condition), spans, 1);

        // Then
        assertThat(atOnce.kept()).isEqualTo(kept);
        assertThat(atOnce.rule()).isEqualTo(kept ? "it" : Verdict.NO_RULE);
        assertThat(inParts).isEqualTo(atOnce);
    }

    @Test
    void keepsATraceSlowerThanMostOfItsKindOnceTheyAreKnown() {
        // Given
        var version = when("{slower-than: p95}");
        var spans = trace("nothing"::equals);

        // When, then
        assertThat(verdict(version, spans).kept()).isFalse();
        assertThat(verdict(bounded(version, 99 * MILLISECOND), spans).kept()).isTrue();
        assertThat(verdict(bounded(version, 100 * MILLISECOND), spans).kept()).isFalse();
    }

    private static Version bounded(Version version, long nanos) {
        return new Version(
                1,
                version.policyText(),
                version.policy(),
                new SlowBounds(Map.of(95.0, Map.of(OPERATION, nanos))),
                Shares.ALL,
                1);
    }

    @Test
    void takesTheLeastThresholdOfRulesThatHoldUnlessTheFirstCounts() {
        // Given
        String rules =
                """
                rules:
                  - {name: some, when: {service: shop}, keep: 25%}
                  - {name: many, when: {service: db}, keep: 50%}
                """;
        var spans = trace("nothing"::equals);

        // When
        var strongest = verdict(policy(rules), spans);
        var first = verdict(policy("choice: first\n" + rules), spans);

        // Then: the trace's randomness is exactly a half.
        assertThat(strongest).isEqualTo(new Verdict(true, "many", half(), half()));
        assertThat(first.kept()).isFalse();
        assertThat(first.rule()).isEqualTo("some");
        assertThat(first.threshold()).isEqualTo(Threshold.ofProbability(0.25).value());
    }

    private static long half() {
        return Threshold.ofProbability(0.5).value();
    }

    @Test
    void nestsChancesSoThatBothTogetherKeepWhatTheSmallerKeeps() {
        // Given
        var both = when("{all: [{chance: 50%}, {chance: 25%}]}");
        var either = when("{any: [{chance: 50%}, {chance: 25%}]}");
        var spans = trace("nothing"::equals);

        // When, then
        assertThat(verdict(both, spans).threshold())
                .isEqualTo(Threshold.ofProbability(0.25).value());
        assertThat(verdict(either, spans).threshold()).isEqualTo(half());
    }

    @Test
    void takesTheRandomnessThatTheFirstSpanStates() {
        // Given
        var spans = new ArrayList<>(trace("vendor"::equals));
        spans.addFirst(spans.remove(1));

        // When
        var stated = verdict(policy("rules: [{name: rest, keep: 1%}]"), spans);
        var unstated = verdict(policy("rules: [{name: rest, keep: 1%}]"), trace("nothing"::equals));

        // Then
        assertThat(stated.kept()).isTrue();
        assertThat(unstated.kept()).isFalse();
    }

    @Test
    void takesTheRandomnessOfTheIdWhereTheFirstSpanStatesNoneWhateverLaterSpansDo() {
        // Given: the id's randomness is a half, the second span states all ones.
        var spans = trace("vendor"::equals);

        // When
        var verdict = verdict(policy("rules: [{name: rest, keep: 1%}]"), spans);

        // Then
        assertThat(verdict.kept()).isFalse();
        assertThat(verdict(policy("rules: [{name: rest, keep: 50%}]"), spans).kept()).isTrue();
    }

    @Test
    void lowersChancesAndNothingElseByLoad() {
        // Given
        String text =
                """
                rules:
                  - {name: errors, when: {error: any}}
                  - {name: rest, keep: 50%}
                """;
        var calm = policy(text);
        var busy = new Version(1, text, calm.policy(), SlowBounds.NONE, Shares.ALL, 0.5);

        // When, then
        assertThat(verdict(calm, trace("nothing"::equals)).kept()).isTrue();
        assertThat(verdict(busy, trace("nothing"::equals)).kept()).isFalse();
        assertThat(verdict(busy, trace("db failed"::equals)).threshold()).isZero();
    }

    @Test
    void raisesTheThresholdByWhatTheBudgetLeaves() {
        // Given
        String text = "rules: [{name: errors, when: {error: any}}, {name: rest, keep: 50%}]";
        var policy = policy(text).policy();
        var shares = new Shares(0.75, Map.of(OPERATION, 0.5), 1);
        var version = new Version(1, text, policy, SlowBounds.NONE, shares, 1);

        // When
        var rest = verdict(version, trace("nothing"::equals));
        var error = verdict(version, trace("db failed"::equals));

        // Then
        assertThat(rest.ruleThreshold()).isEqualTo(half());
        assertThat(rest.threshold()).isEqualTo(Threshold.ofProbability(0.25).value());
        assertThat(error.ruleThreshold()).isZero();
        assertThat(error.threshold()).isEqualTo(Threshold.ofProbability(0.75).value());
    }

    /// A second reading of the algebra: certain conditions as sets of traits, chances as numbers.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void agreesWithAnOracleOnRandomPolicies(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            // Given
            var traits = new ArrayList<String>();
            for (String trait : List.of("db failed", "root failed", "sampled", "vendor")) {
                if (random.nextBoolean()) {
                    traits.add(trait);
                }
            }
            var conditions = new ArrayList<String>();
            double best = -1;
            for (int rule = 0; rule < 1 + random.nextInt(3); rule++) {
                var made = Oracle.random(random, 3);
                double keep = random.nextInt(5) / 4.0;
                conditions.add(
                        "{name: r" + rule + ", when: " + made.text() + ", keep: " + keep + "}");
                double share = Math.min(made.share(traits), keep);
                if (made.share(traits) > 0) {
                    best = Math.max(best, share);
                }
            }

            // When
            String text = "rules: [" + String.join(", ", conditions) + "]";
            var verdict = verdict(policy(text), trace(traits::contains));

            // Then
            assertThat(new Threshold(verdict.threshold()).probability())
                    .as("seed %s, round %s: %s of %s", seed, round, text, traits)
                    .isEqualTo(Math.max(0, best));
        }
    }

    /// A condition and which share of the traces with some traits it holds for.
    private record Oracle(String text, java.util.function.ToDoubleFunction<List<String>> shares) {

        double share(List<String> traits) {
            return shares.applyAsDouble(traits);
        }

        static Oracle random(Random random, int depth) {
            return switch (depth == 0 ? random.nextInt(5) : random.nextInt(8)) {
                case 0 -> certain("{error: root}", "root failed");
                case 1 -> certain("{span: {service: db, error: true}}", "db failed");
                case 2 -> certain("{sampled: true}", "sampled");
                case 3 -> certain("{trace-state: {vendor: gold}}", "vendor");
                case 4 -> {
                    double chance = (1 + random.nextInt(4)) / 4.0;
                    yield new Oracle("{chance: " + chance + "}", _ -> chance);
                }
                case 5 -> {
                    var of = List.of(random(random, depth - 1), random(random, depth - 1));
                    yield new Oracle(
                            "{all: [" + of.get(0).text + ", " + of.get(1).text + "]}",
                            traits -> Math.min(of.get(0).share(traits), of.get(1).share(traits)));
                }
                case 6 -> {
                    var of = List.of(random(random, depth - 1), random(random, depth - 1));
                    yield new Oracle(
                            "{any: [" + of.get(0).text + ", " + of.get(1).text + "]}",
                            traits -> Math.max(of.get(0).share(traits), of.get(1).share(traits)));
                }
                default -> {
                    var of = certain("{error: root}", "root failed");
                    yield new Oracle("{not: " + of.text + "}", traits -> 1 - of.share(traits));
                }
            };
        }

        private static Oracle certain(String text, String trait) {
            return new Oracle(text, traits -> traits.contains(trait) ? 1 : 0);
        }
    }
}
