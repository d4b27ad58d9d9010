package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.load.Protocol;
import dev.millrace.model.ByteSize;
import dev.millrace.verification.MillraceProcess.Program;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@Tag("long")
@Isolated("what it measures depends on the machine")
class OverloadTest {

    private static final long SEED = 20_261_121;

    @TempDir private Path directory;

    @Test
    void keepsWhatItAcknowledgesAndSaysWhenToComeBackWhileKafkaIsTooSlow() throws Exception {
        // Given
        var plan =
                new OverloadPlan(
                        200_000,
                        3,
                        Duration.ZERO,
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(6),
                        Duration.ofSeconds(40),
                        ByteSize.ofMebibytes(16),
                        ByteSize.ofMebibytes(16));

        // When
        OverloadReport report;
        try (var run =
                new OverloadRun(
                        directory,
                        Program.ofThisClassPath(),
                        plan,
                        List.of(Protocol.OTLP_GRPC, Protocol.OTLP_HTTP, Protocol.ZIPKIN_JSON),
                        SEED)) {
            report = run.run();
        }

        // Then
        assertThat(report.stored().isClean()).as("seed %s\n%s", SEED, report).isTrue();
        assertThat(report.acknowledgedSpans()).as("%s", report).isPositive();
        assertThat(report.refusals()).as("%s", report).isPositive();
        assertThat(report.unhinted()).as("%s", report).isZero();
        assertThat(report.rejected()).as("%s", report).isZero();
        assertThat(report.heapMost()).as("%s", report).isLessThan(report.heapBound());
        assertThat(report.calmAfter()).as("%s", report).isPresent();
    }
}
