package dev.millrace.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressLineTest {

    private static final LoadProgress PROGRESS =
            new LoadProgress(
                    Duration.ofSeconds(12),
                    120_000,
                    119_488,
                    0,
                    0,
                    3,
                    3,
                    0,
                    10_012.4,
                    Duration.ofNanos(4_200_000),
                    Duration.ofMillis(18));

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void renewsOneLineOnATerminal() {
        // When
        try (var line = new ProgressLine(out, true)) {
            line.accept(PROGRESS);
            line.accept(PROGRESS);
        }

        // Then
        String text = bytes.toString(StandardCharsets.UTF_8);
        assertThat(text.split("\r")).hasSize(3);
        assertThat(text.lines().count()).isEqualTo(3);
        assertThat(text).endsWith(System.lineSeparator());
    }

    @Test
    void printsPlainLinesElsewhere() {
        // When
        try (var line = new ProgressLine(out, false)) {
            line.accept(PROGRESS);
        }

        // Then
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .isEqualToIgnoringNewLines(
                        "12 s  sent 120,000  acknowledged 119,488  rejected 0  failed 0  retried 3"
                                + "  10,012 spans/s  p50 4.2 ms  p99 18.0 ms");
    }

    @Test
    void namesAWrongTarget() {
        assertThatThrownBy(() -> LoadConfig.builder(URI.create("localhost:4317")).build())
                .hasMessage(
                        "target: localhost:4317 (expected: http://host:port or https://host:port)");
    }
}
