package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Sampling by `hybrid` while processes are killed: a few runs of what `./dev prove hybrid` does.
@Tag("long")
class HybridTest {

    private static final long SEED = 20_261_121;

    @TempDir private Path directory;

    @Test
    void killsUnderLoadAndWithTracesPendingChangeNoVerdictAndNothingStored() throws Exception {
        try (var run = new HybridRun(directory, Duration.ofSeconds(5))) {
            // Given
            run.start();
            assertThat(run.disturb(SEED).acknowledged()).isPositive();
            assertThat(run.killWhilePending(SEED + 1, Duration.ofSeconds(1)).acknowledged())
                    .isPositive();

            // When
            var outcome = run.compare();

            // Then
            assertThat(outcome.differences()).as("seed %s", SEED).isEmpty();
            assertThat(outcome.byRule()).as("seed %s", SEED).containsKey("kept: errors");
        }
    }
}
