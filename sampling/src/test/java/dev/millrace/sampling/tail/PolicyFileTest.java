package dev.millrace.sampling.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyFileTest {

    @Test
    void readsEveryPreset() {
        assertThat(PolicyFile.read("p", "preset: keep-all")).isEqualTo(Policy.KEEP_ALL);
        assertThat(PolicyFile.read("p", "preset: tail")).isEqualTo(Policy.TAIL);
        assertThat(PolicyFile.read("p", "preset: hybrid")).isEqualTo(Policy.HYBRID);
    }

    @Test
    void readsAPresetAsTheRulesItStandsFor() {
        // When
        var read =
                PolicyFile.read(
                        "policy.yaml",
                        """
                        rules:
                          - {name: errors, when: {error: any}}
                          - {name: slow, when: {slower-than: p95}}
                          - {name: rest, keep: 1%}
                        """);

        // Then
        assertThat(read).isEqualTo(Policy.HYBRID);
        assertThat(read.percentiles()).containsExactly(95.0);
        assertThat(read.keepsEverything()).isFalse();
        assertThat(Policy.KEEP_ALL.keepsEverything()).isTrue();
    }

    @Test
    void readsABudget() {
        // When
        var read =
                PolicyFile.read(
                        "p",
                        "{preset: tail, budget: {spans-per-second: 500, bytes-per-second: 2MiB}}");

        // Then
        assertThat(read.budget()).isEqualTo(new Budget(500, 2 << 20));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    rules: []                                       | policy.yaml, line 1: rules: [] (expected: at least one rule)
                    preset: most                                    | policy.yaml, line 1: preset: "most" (expected: one of hybrid, keep-all, tail)
                    {preset: tail, rules: []}                       | policy.yaml, line 1: rules and preset both or neither (expected: one of them)
                    rules: [{name: a, keep: 200%}]                  | policy.yaml, line 1: rules[1].keep: "200%" (expected: a share, 0% to 100%)
                    rules: [{when: {error: any}}]                   | policy.yaml, line 1: rules[1]: no name (expected: name)
                    rules: [{name: a, when: {eror: any}}]           | policy.yaml, line 1: rules[1].when: "eror" (expected: one of all, any,
                    rules: [{name: a, when: {}}]                    | policy.yaml, line 1: rules[1].when: {} (expected: at least one condition)
                    rules: [{name: a, when: {slower-than: p0}}]     | policy.yaml, line 1: slower-than: p0.0 (expected: a percentile between p0 and p100)
                    rules: [{name: a, when: {slower-than: long}}]   | policy.yaml, line 1: rules[1].when.slower-than: "long" (expected: a duration such as 200ms or 2s)
                    rules: [{name: a, when: {not: {chance: 10%}}}]  | policy.yaml, line 1: not: a chance (expected: conditions that a trace meets or does not)
                    rules: [{name: a, name: b}]                     | policy.yaml, line 1: rules[1]: "name" twice (expected: once)
                    rules: [{name: a}, {name: a}]                   | policy.yaml, line 1: rules: two of the name "a" (expected: one)
                    budget: {spans-per-second: -1}                  | policy.yaml, line 1
                    rules: [                                        | policy.yaml, line
                    """)
    void tellsWhereAndWhatIsWrong(String text, String message) {
        assertThatThrownBy(() -> PolicyFile.read("policy.yaml", text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void namesTheLine() {
        assertThatThrownBy(() ->
                        PolicyFile.read(
                                "policy.yaml",
                                """
                                rules:
                                  - name: errors
                                    when: {error: any}
                                  - name: rest
                                    keep: much
                                """))
                .hasMessage(
                        "policy.yaml, line 5: rules[2].keep: \"much\" (expected: a share, 0% to"
                                + " 100%)");
    }
}
