package dev.millrace.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CollectorConfigTest {

    @Test
    void theDefaultsAreValid() {
        assertThat(CollectorConfig.DEFAULT.grpcPort()).isEqualTo(4317);
        assertThat(CollectorConfig.DEFAULT.httpPort()).isEqualTo(4318);
        assertThat(CollectorConfig.DEFAULT.maxRequest()).hasToString("16MiB");
        assertThat(CollectorConfig.DEFAULT.maxInFlight()).hasToString("64MiB");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "99999 | 0 | 16MiB | 64MiB | PT1S | 1 | grpc-port: 99999 (expected: 0 to 65535)",
                "0 | -1 | 16MiB | 64MiB | PT1S | 1 | http-port: -1 (expected: 0 to 65535)",
                "5 | 5 | 16MiB | 64MiB | PT1S | 1 | http-port: 5 (expected: another port than"
                        + " grpc-port)",
                "0 | 0 | 1 | 64MiB | PT1S | 1 | max-request: 1 (expected: 1KiB to 1GiB)",
                "0 | 0 | 16MiB | 31MiB | PT1S | 1 | max-in-flight: 31MiB (expected: at least twice"
                        + " max-request, 32MiB)",
                "0 | 0 | 16MiB | 64MiB | PT0S | 1 | request-timeout: PT0S (expected: more than 0,"
                        + " at most 1 h)",
                "0 | 0 | 16MiB | 64MiB | PT1S | 0 | max-connections: 0 (expected: at least 1)"
            })
    void namesTheValueAndWhatWasExpected(
            int grpcPort,
            int httpPort,
            String maxRequest,
            String maxInFlight,
            Duration timeout,
            int maxConnections,
            String message) {
        assertThatThrownBy(() ->
                        new CollectorConfig(
                                "localhost",
                                grpcPort,
                                httpPort,
                                ByteSize.parse(maxRequest),
                                ByteSize.parse(maxInFlight),
                                timeout,
                                Duration.ofSeconds(1),
                                maxConnections,
                                CollectorConfig.DEFAULT.limits()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void namesLimitsToo() {
        assertThatThrownBy(
                        () -> new CollectorConfig.Limits.Time(Duration.ofDays(-1), Duration.ZERO))
                .hasMessage("limits.time.past: PT-24H (expected: 0 to 36500 days)");
        assertThatThrownBy(() ->
                        new CollectorConfig.Limits(
                                CollectorConfig.DEFAULT.limits().time(), new ByteSize(0)))
                .hasMessage("limits.attribute: 0 (expected: 1 to 1GiB)");
    }
}
