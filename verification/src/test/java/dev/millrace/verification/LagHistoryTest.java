package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LagHistoryTest {

    private final LagHistory history = new LagHistory();

    @Test
    void knowsTheMostSinceAMoment() {
        // Given
        history.note(1, 900);
        history.note(2, 10);
        history.note(3, 70);

        // When, Then
        assertThat(history.mostSince(1)).isEqualTo(900);
        assertThat(history.mostSince(2)).isEqualTo(70);
        assertThat(history.mostSince(4)).isZero();
    }

    @Test
    void isDownAgainAtTheFirstMomentWithNoMoreThanBefore() {
        // Given
        history.note(10, 5);
        history.note(20, 800);
        history.note(30, 40);
        history.note(40, 5);
        history.note(50, 0);

        // When, Then
        assertThat(history.downAfter(20, 5)).hasValue(20);
        assertThat(history.downAfter(20, 40)).hasValue(10);
        assertThat(history.downAfter(5, 5)).hasValue(5);
    }

    @Test
    void isNotDownWhileThereWasNoSuchMoment() {
        // Given
        history.note(10, 0);
        history.note(20, 800);

        // When, Then
        assertThat(history.downAfter(15, 5)).isEmpty();
    }
}
