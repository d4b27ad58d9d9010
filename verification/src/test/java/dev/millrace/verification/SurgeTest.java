package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.verification.MillraceProcess.Program;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("long")
class SurgeTest {

    private static final long SEED = 20_261_121;

    @TempDir private Path directory;

    static Stream<Surge> surges() {
        return Stream.of(new Surge.Giant(25_000), new Surge.Burst(10, Duration.ofSeconds(4)));
    }

    @ParameterizedTest
    @MethodSource("surges")
    void losesNothingAndKeepsItsMemoryWithinBounds(Surge surge) throws Exception {
        // Given
        SurgeReport report;
        try (var run =
                new SurgeRun(
                        directory,
                        Program.ofThisClassPath(),
                        600,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(1),
                        SEED)) {
            // When
            report = run.run(surge);
        }

        // Then
        assertThat(report.acknowledged()).as("seed %s\n%s", SEED, report).isPositive();
        assertThat(report.completed())
                .as("%s", report)
                .isGreaterThanOrEqualTo(report.acknowledged());
        assertThat(report.stored()).as("%s", report).isGreaterThanOrEqualTo(report.acknowledged());
        assertThat(report.heapMost()).as("%s", report).isLessThan(report.heapBound());
        if (surge instanceof Surge.Giant giant) {
            assertThat(report.largest()).isEqualTo(giant.spans());
            assertThat(report.largestParts()).isGreaterThan(2);
        }
    }
}
