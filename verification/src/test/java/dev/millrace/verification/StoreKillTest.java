package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreKillTest {

    @TempDir private Path directory;

    @Test
    void nothingAcknowledgedIsLostAndNoIndexIsUnsoundHoweverOftenTheWriterIsKilled()
            throws Exception {
        // Given
        var run = new StoreKillRun(directory);
        long acknowledged = 0;
        for (long seed = 1; seed <= 2; seed++) {

            // When
            var outcome = run.kill(seed);

            // Then
            assertThat(outcome.findings()).as("seed %s", seed).isEmpty();
            acknowledged = outcome.acknowledged();
        }
        assertThat(acknowledged).isPositive();
    }
}
