package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrashTest {

    @TempDir private Path directory;

    @Test
    void everyAcknowledgedSpanIsStoredOnceHoweverOftenTheProcessIsKilled() throws Exception {
        // Given
        long seed = 1;
        var run = new CrashRun(directory);

        // When
        var comparison = run.run(List.of(seed)).getFirst();

        // Then
        assertThat(run.acknowledged(seed)).as("seed %s", seed).isPositive();
        assertThat(comparison.isClean()).as("seed %s: %s", seed, comparison).isTrue();
    }
}
