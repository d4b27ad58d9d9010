package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class SourcesTest {

    private static final int MOST_LINES = 800;

    @Test
    void noFileIsLongerThanAReaderCanHold() {
        assertThat(
                        Stream.of(".java", ".ts", ".tsx", ".css", "/dev", "/millrace")
                                .flatMap(ending -> Repository.files(ending).stream()))
                .isNotEmpty()
                .allSatisfy(file ->
                        assertThat(Repository.read(file).lines().count())
                                .as("lines of %s", file)
                                .isLessThanOrEqualTo(MOST_LINES));
    }

    @Test
    void everyPackageSaysWhatIsInItAndIsNullMarked() {
        // Given
        List<Path> packages =
                Repository.files(".java").stream()
                        .filter(file -> file.toString().contains("/src/main/java/"))
                        .map(Path::getParent)
                        .distinct()
                        .toList();

        // Then
        assertThat(packages)
                .isNotEmpty()
                .allSatisfy(folder -> {
                    Path info = folder.resolve("package-info.java");
                    assertThat(Files.exists(info)).as("%s exists", info).isTrue();
                    assertThat(Repository.read(info))
                            .as(info.toString())
                            .startsWith("///")
                            .contains("@NullMarked");
                });
    }

    @Test
    void noTestIsSwitchedOff() {
        // Given
        var switches = List.of("@" + "Disabled", "assume" + "True(", "assume" + "That(");

        // Then
        assertThat(Repository.files("Test.java"))
                .isNotEmpty()
                .allSatisfy(file ->
                        assertThat(Repository.read(file)).as("%s", file).doesNotContain(switches));
    }
}
