package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MarkerScheduleTest {

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;

    private final MarkerSchedule markers = new MarkerSchedule(0);

    @Test
    void isDueWhenTheTimeSinceTheLastRecordWouldCompleteATrace() {
        markers.recordRead(5 * SECOND);

        assertThat(markers.isDue(60_000, OptionalLong.of(70_000), 15 * SECOND - 1)).isFalse();
        assertThat(markers.isDue(60_000, OptionalLong.of(70_000), 15 * SECOND)).isTrue();
    }

    @Test
    void isNeverDueWhereNoTraceIsOpen() {
        assertThat(markers.isDue(60_000, OptionalLong.empty(), 3_600 * SECOND)).isFalse();
    }

    @Test
    void isNotDueAgainBeforeAnIntervalHasPassed() {
        markers.sent(SECOND);

        assertThat(markers.isDue(0, OptionalLong.of(1), SECOND + 199 * MILLI)).isFalse();
        assertThat(markers.isDue(0, OptionalLong.of(1), SECOND + 200 * MILLI)).isTrue();
    }

    @Test
    void announcesAVersionOnceUntilItsMarkerMustBeLost() {
        assertThat(markers.versionToAnnounce(1, 2, 0)).isEqualTo(2);
        assertThat(markers.versionToAnnounce(1, 2, 5 * SECOND - 1)).isZero();
        assertThat(markers.versionToAnnounce(1, 2, 5 * SECOND)).isEqualTo(2);
        assertThat(markers.versionToAnnounce(1, 3, 5 * SECOND)).isEqualTo(3);
        assertThat(markers.versionToAnnounce(3, 3, 60 * SECOND)).isZero();
    }

    @Test
    void readsTheVersionThatAMarkerNames() {
        String marker = new String(MarkerSchedule.ofVersion(17), UTF_8);

        assertThat(MarkerSchedule.namesVersion(marker)).isTrue();
        assertThat(MarkerSchedule.version(marker)).isEqualTo(17);
        assertThat(MarkerSchedule.namesVersion("")).isFalse();
        assertThatThrownBy(() -> MarkerSchedule.version(marker + "x"))
                .isInstanceOf(NumberFormatException.class);
    }
}
