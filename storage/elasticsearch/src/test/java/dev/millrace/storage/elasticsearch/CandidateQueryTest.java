package dev.millrace.storage.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CandidateQueryTest {

    @ParameterizedTest
    @CsvSource({
        "100.0, 100",
        "0.0, 0",
        "-2.5, -2.5",
        "0.0025, 0.0025",
        "1.0E10, 10000000000",
        "1.0E20, 100000000000000000000",
        "1.0E21, 1e+21",
        "1.25E22, 1.25e+22",
        "1.0E-6, 0.000001",
        "2.5E-7, 2.5e-7",
        "-1.0E-9, -1e-9"
    })
    void spellsNumbersAsJaegerWritesThem(double number, String expected) {
        assertThat(CandidateQuery.inGo(number)).isEqualTo(expected);
    }

    @Test
    void looksForANumberAsEitherOfUsWritesIt() {
        assertThat(CandidateQuery.spellings("100.0")).containsExactly("100.0", "100");
        assertThat(CandidateQuery.spellings("7")).containsExactly("7");
        assertThat(CandidateQuery.spellings("red")).containsExactly("red");
        assertThat(CandidateQuery.spellings("true")).contains("true", "1");
    }
}
