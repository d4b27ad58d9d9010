package dev.millrace.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MinuteRunsTest {

    private final MinuteRuns runs = new MinuteRuns();

    @Test
    void countsSpansAndDuplicatesOfOneMinute() {
        runs.add(3, 7);
        runs.add(5, 7);

        assertThat(runs.count(0, 5, new int[] {0, 1, 4})).containsExactly(new LogMinute(7, 3, 2));
    }

    @Test
    void tellsTheMinutesOfATraceApartAfterItsPartsWereCut() {
        // Given
        runs.add(3, 7);
        runs.add(5, 8);
        runs.add(9, 7);

        // When, then
        assertThat(runs.count(0, 4, new int[] {0, 2, 3}))
                .containsExactly(new LogMinute(7, 2, 1), new LogMinute(8, 1, 0));
        runs.keepFrom(4);
        assertThat(runs.count(0, 5, new int[] {1, 2, 3, 4}))
                .containsExactly(new LogMinute(8, 0, 1), new LogMinute(7, 4, 0));
    }

    @Test
    void knowsTheMinuteOfAnOffset() {
        // Given
        var table = new MinuteTable();
        table.note(10, 59_999);
        table.note(12, 60_000);
        table.note(15, 60_500);
        table.note(20, 130_000);

        // When, then
        assertThat(table.at(11)).isZero();
        assertThat(table.at(19)).isEqualTo(1);
        table.forgetBefore(16);
        assertThat(table.at(16)).isEqualTo(1);
        assertThat(table.at(99)).isEqualTo(2);
    }
}
