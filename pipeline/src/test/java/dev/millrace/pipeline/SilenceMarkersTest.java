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

        assertThat(markers.take(seconds(4))).isEmpty();
    }

    @Test
    void comeEachIntervalOfSilenceAndOnceAfterAllOfIt() {
        markers.spansWritten(1, seconds(0));

        var at = LongStream.range(1, 100).filter(now -> markers.take(seconds(now)).contains(1));

        assertThat(at).containsExactly(5L, 10L, 15L, 20L, 25L, 30L, 35L);
    }

    @Test
    void comeAnewAfterSpans() {
        markers.spansWritten(1, seconds(0));
        assertThat(markers.take(seconds(5))).containsExactly(1);

        markers.spansWritten(1, seconds(6));

        assertThat(markers.take(seconds(10))).isEmpty();
        assertThat(markers.take(seconds(11))).containsExactly(1);
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
