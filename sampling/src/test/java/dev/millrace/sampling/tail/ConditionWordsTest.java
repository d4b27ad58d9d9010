package dev.millrace.sampling.tail;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConditionWordsTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {error: any}                                   | a span failed
                    {error: root}                                  | the root failed
                    {slower-than: p99.9}                           | slower than p99.9 of its root operation
                    {slower-than: 2s}                              | took 2s or longer
                    {slower-than: 250ms}                           | took 250ms or longer
                    {root: {service: shop, operation: "POST /*"}}  | a root with service shop, operation POST /*
                    {span-count: {at-least: 100}}                  | at least 100 spans
                    {span-count: {at-most: 5}}                     | at most 5 spans
                    {span-count: {at-least: 2, at-most: 9}}        | 2 to 9 spans
                    {chance: 2.5%}                                 | a chance of 2.5 %
                    {not: {service: db}}                           | not (a span with service db)
                    {span: {service: db, kind: client, error: true, slower-than: 1s}} | a span with service db, kind client, an error, a duration of 1s or more
                    {attributes: {db.rows: {at-least: 1000}}}      | a span with db.rows at least 1000
                    {attributes: {tier: [gold, "plat*"]}}          | a span with tier = gold or = plat*
                    {attributes: {retry: true, user: {present: true}}} | a span with retry = true, user present
                    {sampled: true}                                | a span with the sampled flag
                    {trace-state: {vendor: "a*"}}                  | a span with trace state vendor = a*
                    {any: [{error: any}, {all: [{service: a}, {slower-than: 2s}]}]} | a span failed or (a span with service a and took 2s or longer)
                    """)
    void saysWhatARuleAsks(String condition, String words) {
        // Given
        var policy = PolicyFile.read("policy", "rules: [{name: a, when: %s}]".formatted(condition));

        // When
        var said = ConditionWords.of(policy.rules().getFirst().when());

        // Then
        assertThat(said).isEqualTo(words);
    }

    @ParameterizedTest
    @CsvSource({"keep-all, always", "tail, a span failed"})
    void saysWhatTheFirstRuleOfAPresetAsks(String preset, String words) {
        assertThat(
                        ConditionWords.of(
                                PolicyFile.read("policy", "preset: " + preset)
                                        .rules()
                                        .getFirst()
                                        .when()))
                .isEqualTo(words);
    }
}
