package dev.millrace.verification;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.verification.LinkRun.Setup;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An edge and a center in processes of their own, MirrorMaker 2 in another, and a link that is
/// cut.
@Tag("long")
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
            hasNothingButWhatTakesSpansIn(run.edge());
            run.load();

            // When
            run.step("good", () -> {}, Duration.ofSeconds(1), () -> {});
            run.step("cut", run::cut, Duration.ofSeconds(4), () -> {});
            var report = run.end();

            // Then
            assertThat(report.passes()).as("%s%s%s", report.steps(), report, run.tails()).isTrue();
        }
    }

    private static void hasNothingButWhatTakesSpansIn(MillraceProcess edge) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", edge.bootstrapServers()));
                var data = Files.list(Path.of(edge.setting("data-dir")))) {
            assertThat(admin.listTopics().names().get(30, SECONDS))
                    .containsExactlyInAnyOrder(
                            "site-a.spans", "site-a.ledger", "site-a.dead-letters");
            assertThat(data.map(file -> file.getFileName().toString())).containsExactly("kafka");
        }
        assertThatThrownBy(() ->
                        new Socket(InetAddress.getLoopbackAddress(), edge.query().getPort())
                                .close())
                .isInstanceOf(ConnectException.class);
    }
}
