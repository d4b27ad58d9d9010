package dev.millrace.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ConfigReferenceTest {

    /// Surefire runs a module's tests in its own folder.
    private static final Path PAGE = Path.of("../docs/reference/configuration.md");

    @Test
    void thePageInTheRepositoryIsTheOneTheProgramWrites() throws IOException {
        assertThat(Files.readString(PAGE))
                .as("docs/reference/configuration.md is stale: run ./dev docs")
                .isEqualTo(ConfigReference.markdown());
    }

    @Test
    void everyKeyHasAMeaning() {
        // Given
        var comments = ConfigReference.comments();

        // Then
        assertThat(new Keys(MillraceConfig.class).all())
                .allSatisfy(
                        key -> assertThat(comments.get(key.name())).as(key.name()).isNotBlank());
    }
}
