package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class WritePortionTest {

    private static final long MOST = 8 << 20;
    private static final long SLOW = Duration.ofSeconds(3).toNanos();
    private static final long USUAL = Duration.ofSeconds(1).toNanos();
    private static final long QUICK = Duration.ofMillis(20).toNanos();

    private final WritePortion portion = new WritePortion(MOST);

    @Test
    void isEverythingForAStoreThatIsNotSlow() {
        // When
        portion.taken(MOST, QUICK);
        portion.taken(MOST, USUAL);

        // Then
        assertThat(portion.bytes()).isEqualTo(MOST);
    }

    @Test
    void shrinksWithAStoreThatIsSlowAndStaysWhereItKeepsUp() {
        // When
        portion.taken(MOST, SLOW);
        portion.taken(MOST / 2, SLOW);
        portion.taken(MOST / 4, USUAL);

        // Then
        assertThat(portion.bytes()).isEqualTo(MOST / 4);
    }

    @Test
    void isSmallWhileTheStoreFailsAndGrowsWithWhatItTakesQuicklyThen() {
        // When
        for (int i = 0; i < 100; i++) {
            portion.failed();
        }

        // Then
        assertThat(portion.bytes()).isEqualTo(WritePortion.LEAST);

        // When
        for (int i = 0; i < 4; i++) {
            portion.taken(WritePortion.LEAST, QUICK);
            portion.taken(100, QUICK);
        }

        // Then
        assertThat(portion.bytes()).isEqualTo(2 * WritePortion.LEAST);

        // When
        for (int i = 0; i < 100; i++) {
            portion.taken(portion.bytes(), QUICK);
        }

        // Then
        assertThat(portion.bytes()).isEqualTo(MOST);
    }

    @Test
    void neverGrowsBeyondASmallBatch() {
        // Given
        var small = new WritePortion(1_000);

        // When
        small.failed();
        small.taken(1_000, SLOW);

        // Then
        assertThat(small.bytes()).isEqualTo(1_000);
    }
}
