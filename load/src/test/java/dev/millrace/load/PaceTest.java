package dev.millrace.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {

    private static final long SECOND = 1_000_000_000L;

    @Test
    void spreadsSpansEvenly() {
        // Given
        var pace = new Pace(1_000, 0);

        // When
        pace.sent(100, 0);

        // Then
        assertThat(pace.waitNanos(0)).isEqualTo(SECOND / 10);
        assertThat(pace.waitNanos(SECOND / 10)).isZero();
    }

    @Test
    void makesUpForAtMostOneSecond() {
        // Given
        var pace = new Pace(1_000, 0);

        // When
        pace.sent(1_000, 60 * SECOND);

        // Then
        assertThat(pace.waitNanos(60 * SECOND)).isZero();
        pace.sent(500, 60 * SECOND);
        assertThat(pace.waitNanos(60 * SECOND)).isEqualTo(SECOND / 2);
    }

    @Test
    void neverWaitsWithoutARate() {
        // Given
        var pace = new Pace(0, 0);

        // When
        pace.sent(1_000_000, 0);

        // Then
        assertThat(pace.waitNanos(0)).isZero();
    }
}
