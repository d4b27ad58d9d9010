package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.verification.ScalingRule.Pace;
import dev.millrace.verification.ScalingRule.Unit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AutoscalerTest {

    private static final Pace AT_ONCE = new Pace(Duration.ZERO, Unit.PODS, 100, Duration.ZERO);

    private static ScalingRule rule(Pace up, Pace down) {
        return new ScalingRule("group", "topic", 100, 1, 8, Duration.ofSeconds(1), up, down);
    }

    private static long seconds(long seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    /// Looks once a second and does as it is told.
    private static List<Integer> counts(Autoscaler autoscaler, int count, long... lags) {
        var counts = new ArrayList<Integer>();
        int now = count;
        for (int second = 0; second < lags.length; second++) {
            now = autoscaler.next(seconds(second), lags[second], now);
            counts.add(now);
        }
        return counts;
    }

    @ParameterizedTest
    @CsvSource({
        "   0, 3, 1",
        " 100, 3, 1",
        " 101, 3, 2",
        " 799, 3, 8",
        "5000, 3, 8",
    })
    void thereAreAsManyAsShareTheLagWithinTheBounds(long lag, int count, int expected) {
        // Given
        var autoscaler = new Autoscaler(rule(AT_ONCE, AT_ONCE));

        // Then
        assertThat(autoscaler.next(0, lag, count)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"439, 4", "441, 5", "360, 4", "359, 4", "300, 3"})
    void aTenthMoreOrLessChangesNothing(long lag, int expected) {
        // Given
        var autoscaler = new Autoscaler(rule(AT_ONCE, AT_ONCE));

        // Then
        assertThat(autoscaler.next(0, lag, 4)).isEqualTo(expected);
    }

    @Test
    void aRiseDoublesTheNumberInEachPeriodAtMost() {
        // Given
        var doubling = new Pace(Duration.ZERO, Unit.PERCENT, 100, Duration.ofSeconds(3));
        var autoscaler = new Autoscaler(rule(doubling, AT_ONCE));

        // Then
        assertThat(counts(autoscaler, 1, 800, 800, 800, 800, 800, 800, 800))
                .containsExactly(2, 2, 2, 4, 4, 4, 8);
    }

    @Test
    void aFallTakesOneAwayInEachPeriodAtMost() {
        // Given
        var oneByOne = new Pace(Duration.ZERO, Unit.PODS, 1, Duration.ofSeconds(2));
        var autoscaler = new Autoscaler(rule(AT_ONCE, oneByOne));

        // Then
        assertThat(counts(autoscaler, 4, 0, 0, 0, 0, 0, 0)).containsExactly(3, 3, 2, 2, 1, 1);
    }

    @Test
    void aFallWaitsUntilEveryLookOfTheCalmWantsIt() {
        // Given
        var calm = new Pace(Duration.ofSeconds(3), Unit.PODS, 100, Duration.ofSeconds(1));
        var autoscaler = new Autoscaler(rule(AT_ONCE, calm));

        // Then
        assertThat(counts(autoscaler, 1, 400, 0, 0, 0, 200, 0, 0, 0))
                .as("of what the calm has seen the most counts")
                .containsExactly(4, 4, 4, 1, 2, 2, 2, 1);
    }

    @Test
    void aRiseWaitsUntilEveryLookOfTheCalmWantsIt() {
        // Given
        var calm = new Pace(Duration.ofSeconds(3), Unit.PODS, 100, Duration.ofSeconds(1));
        var autoscaler = new Autoscaler(rule(calm, AT_ONCE));

        // Then
        assertThat(counts(autoscaler, 1, 0, 400, 400, 300, 400)).containsExactly(1, 1, 1, 3, 3);
    }
}
