package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a process is called among its kind.
final class InstanceIdTest {

    @TempDir private Path directory;

    private String claimed(String configured) throws Exception {
        try (var instance = InstanceId.claim(directory, configured)) {
            return instance.name();
        }
    }

    @Test
    void aDirectoryKeepsTheNameOfItsProcess() throws Exception {
        assertThat(claimed("")).isNotEmpty().isEqualTo(claimed(""));
    }

    @Test
    void theNameThatIsConfiguredComesFirstAndIsNotKept() throws Exception {
        // Given
        String own = claimed("");

        // Then
        assertThat(claimed("aggregator-0")).isEqualTo("aggregator-0");
        assertThat(claimed("")).isEqualTo(own);
    }

    @Test
    void aNameDoesNotLetTwoProcessesShareADirectory() throws Exception {
        try (var _ = InstanceId.claim(directory, "aggregator-0")) {
            assertThatThrownBy(() -> InstanceId.claim(directory, "aggregator-1"))
                    .isInstanceOfAny(
                            OverlappingFileLockException.class, IllegalStateException.class);
        }
    }
}
