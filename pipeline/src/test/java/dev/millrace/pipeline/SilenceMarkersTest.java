package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SilenceMarkersTest {

    private static final Duration INTERVAL = Duration.ofSeconds(5);
    private static final Duration LASTING = Duration.ofSeconds(30);

    private final SilenceMarkers markers =
            new SilenceMarkers(new SinkConfig.Markers(INTERVAL, LASTING), 2, seconds(-100));

    @Test
    void appendNothingWhereSpansCome() {
        markers.spansWritten(1, seconds(0));

        assertThat(markers.take(seconds(4))).doesNotContain(1);
    }

    @Test
    void comeEachIntervalOfSilenceUntilAllOfItHasPassed() {
        markers.spansWritten(1, seconds(0));

        var at = LongStream.range(1, 100).filter(this::isWritten);

        assertThat(at).containsExactly(5L, 10L, 15L, 20L, 25L, 30L);
    }

    @Test
    void comeOnceMoreThoughNothingCouldBeWrittenForLong() {
        markers.spansWritten(1, seconds(0));

        // When: Kafka is away, or this process was.
        assertThat(markers.take(seconds(500))).contains(1);

        assertThat(markers.take(seconds(504))).isEmpty();
        assertThat(isWritten(505)).isTrue();
        assertThat(isWritten(510)).isFalse();
    }

    private boolean isWritten(long now) {
        boolean due = markers.take(seconds(now)).contains(1);
        if (due) {
            markers.markerWritten(1, seconds(now));
        }
        return due;
    }

    @Test
    void comeAnewAfterSpans() {
        markers.spansWritten(1, seconds(0));
        assertThat(markers.take(seconds(5))).contains(1);

        markers.spansWritten(1, seconds(6));

        assertThat(markers.take(seconds(10))).doesNotContain(1);
        assertThat(markers.take(seconds(11))).contains(1);
    }

    @Test
    void comeEverywhereAfterAStartForNobodyKnowsWhatCameBefore() {
        var fresh =
                new SilenceMarkers(new SinkConfig.Markers(INTERVAL, LASTING), 2, seconds(-1_000));

        assertThat(fresh.take(seconds(-996))).isEmpty();
        assertThat(fresh.take(seconds(-995))).containsExactly(0, 1);
    }

    private static long seconds(long number) {
        return Duration.ofSeconds(number).toNanos();
    }
}
