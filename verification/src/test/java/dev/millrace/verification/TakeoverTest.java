package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TakeoverTest {

    private static final long SEED = 20_261_121;

    @TempDir private Path directory;

    @Test
    void aggregatorsThatAreKilledWriteWhatUndisturbedOnesReadFromTheSameLog() throws Exception {
        try (var run = new TakeoverRun(directory, SEED)) {
            // Given
            long acknowledged = run.disturb(4, Duration.ofSeconds(3));
            assertThat(acknowledged).isPositive();

            // When
            run.replay("undisturbed", Duration.ZERO, run.decisions());
            run.replay("stalled", Duration.ofSeconds(8), run.decisions());

            // Then
            assertThat(run.traces()).as("seed %s", SEED).isNotEmpty();
            assertThat(run.traces("undisturbed")).as("seed %s", SEED).isEqualTo(run.traces());
            assertThat(run.traces("stalled")).as("seed %s", SEED).isEqualTo(run.traces());
        }
    }
}
