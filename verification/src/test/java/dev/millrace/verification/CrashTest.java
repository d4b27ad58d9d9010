package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrashTest {

    @TempDir private Path directory;

    @Test
    void everyAcknowledgedSpanIsStoredOnceHoweverOftenTheProcessIsKilled() throws Exception {
        // Given
        List<Long> seeds = LongStream.rangeClosed(1, 2).boxed().toList();
        var run = new CrashRun(directory);

        // When
        var comparisons = run.run(seeds);

        // Then
        for (int i = 0; i < seeds.size(); i++) {
            assertThat(run.acknowledged(seeds.get(i))).as("seed %s", seeds.get(i)).isPositive();
            assertThat(comparisons.get(i).isClean())
                    .as("seed %s: %s", seeds.get(i), comparisons.get(i))
                    .isTrue();
        }
    }
}
