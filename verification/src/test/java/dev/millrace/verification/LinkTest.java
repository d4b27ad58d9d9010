package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.verification.LinkRun.Setup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An edge and a center in processes of their own, MirrorMaker 2 in another, and a link that is cut.
final class LinkTest {

    @TempDir private Path directory;

    @Test
    void everySpanOfASiteIsAtTheCenterOnceAndNoTraceTornThoughTheLinkIsCut() throws Exception {
        // Given
        var setup =
                new Setup(
                        List.of("site-a"),
                        1,
                        300,
                        Duration.ofSeconds(2),
                        LinkQuality.of(1_000_000));
        try (var run =
                new LinkRun(
                        directory,
                        Repository.ROOT.resolve("deploy/mirror-maker/mirror-maker.properties"),
                        setup)) {
            run.start();
            run.load();

            // When
            run.step("good", () -> {}, Duration.ofSeconds(1), () -> {});
            run.step("cut", run::cut, Duration.ofSeconds(4), () -> {});
            var report = run.end();

            // Then
            assertThat(report.passes())
                    .as("%s%s%s", report.steps(), report, run.tails())
                    .isTrue();
        }
    }
}
