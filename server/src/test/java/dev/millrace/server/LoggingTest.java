package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.server.config.MillraceConfig.LogConfig;
import dev.millrace.server.config.MillraceConfig.LogFormat;
import dev.millrace.server.config.MillraceConfig.LogLevel;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class LoggingTest {

    private final PrintStream standardError = System.err;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    @AfterEach
    void logAsBefore() {
        System.setErr(standardError);
        Logging.apply(new LogConfig(LogLevel.INFO, LogFormat.TEXT));
    }

    private String logged(LogLevel level, LogFormat format, Runnable lines) {
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
        Logging.apply(new LogConfig(level, format));
        lines.run();
        return written.toString(StandardCharsets.UTF_8);
    }

    private static void opened(String logger) {
        LoggerFactory.getLogger(logger).atInfo().addKeyValue("store", "local").log("Opened");
    }

    @Test
    void aTextLineEndsInItsKeysAndValues() {
        assertThat(logged(LogLevel.INFO, LogFormat.TEXT, () -> opened("dev.millrace.Store")))
                .endsWith(" INFO  Store: Opened store=\"local\"" + System.lineSeparator());
    }

    @Test
    void aJsonLineHasItsKeysAndValues() throws Exception {
        // When
        var line = logged(LogLevel.INFO, LogFormat.JSON, () -> opened("dev.millrace.Store"));

        // Then
        var json = new ObjectMapper().readTree(line);
        assertThat(json.at("/message").asText()).isEqualTo("Opened");
        assertThat(json.at("/level").asText()).isEqualTo("INFO");
        assertThat(json.at("/kvpList/0/store").asText()).isEqualTo("local");
    }

    @Test
    void isSilentBelowItsLevel() {
        assertThat(logged(LogLevel.WARN, LogFormat.TEXT, () -> opened("dev.millrace.Store")))
                .isEmpty();
    }

    @Test
    void kafkaIsHeardOnlyWhenItWarns() {
        assertThat(logged(LogLevel.INFO, LogFormat.TEXT, () -> opened("org.apache.kafka.clients")))
                .isEmpty();
        assertThat(logged(LogLevel.TRACE, LogFormat.TEXT, () -> opened("org.apache.kafka.clients")))
                .contains("Opened");
    }
}
