package dev.millrace.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CollectorConfigTest {

    @Test
    void theDefaultsListenWhereClientsExpectIt() {
        assertThat(CollectorConfig.DEFAULT.ports())
                .hasToString(
                        "{OTLP_GRPC=4317, OTLP_HTTP=4318, ZIPKIN=9411, JAEGER_GRPC=14250,"
                                + " JAEGER_HTTP=14268, JAEGER_UDP_COMPACT=6831,"
                                + " JAEGER_UDP_BINARY=6832, SAMPLING_HTTP=5778,"
                                + " SAMPLING_GRPC=5779}");
        assertThat(CollectorConfig.DEFAULT.maxRequest()).hasToString("16MiB");
        assertThat(CollectorConfig.DEFAULT.maxInFlight()).hasToString("64MiB");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "99999 | 0 | 16MiB | 64MiB | PT1S | 1 | receivers.otlp-grpc.port: 99999 (expected: 0"
                        + " to 65535)",
                "0 | -1 | 16MiB | 64MiB | PT1S | 1 | receivers.zipkin.port: -1 (expected: 0 to"
                        + " 65535)",
                "5 | 5 | 16MiB | 64MiB | PT1S | 1 | receivers.zipkin.port: 5 (expected: another"
                        + " port than that of otlp-grpc)",
                "0 | 0 | 1 | 64MiB | PT1S | 1 | max-request: 1 (expected: 1KiB to 1GiB)",
                "0 | 0 | 16MiB | 31MiB | PT1S | 1 | max-in-flight: 31MiB (expected: at least twice"
                        + " max-request, 32MiB)",
                "0 | 0 | 16MiB | 64MiB | PT0S | 1 | request-timeout: PT0S (expected: more than 0,"
                        + " at most 1 h)",
                "0 | 0 | 16MiB | 64MiB | PT1S | 0 | max-connections: 0 (expected: at least 1)"
            })
    void namesTheValueAndWhatWasExpected(
            int otlpPort,
            int zipkinPort,
            String maxRequest,
            String maxInFlight,
            Duration timeout,
            int maxConnections,
            String message) {
        assertThatThrownBy(() ->
                        new CollectorConfig(
                                "localhost",
                                Map.of(Receiver.OTLP_GRPC, otlpPort, Receiver.ZIPKIN, zipkinPort),
                                null,
                                ByteSize.parse(maxRequest),
                                ByteSize.parse(maxInFlight),
                                timeout,
                                Duration.ofSeconds(1),
                                Duration.ofSeconds(1),
                                maxConnections,
                                CollectorConfig.DEFAULT.limits(),
                                CollectorConfig.DEFAULT.rates()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void wantsSomethingThatAnswers() {
        assertThatThrownBy(() -> on(Map.of(Receiver.JAEGER_UDP_COMPACT, 6831)))
                .hasMessage(
                        "receivers: [jaeger-udp-compact] (expected: at least one that is not UDP)");
    }

    @Test
    void letsTcpAndUdpShareANumber() {
        assertThat(on(Map.of(Receiver.ZIPKIN, 5, Receiver.JAEGER_UDP_BINARY, 5)).ports())
                .hasSize(2);
    }

    @Test
    void namesLimitsToo() {
        var time = CollectorConfig.DEFAULT.limits().time();
        assertThatThrownBy(
                        () -> new CollectorConfig.Limits.Time(Duration.ofDays(-1), Duration.ZERO))
                .hasMessage("limits.time.past: PT-24H (expected: 0 to 36500 days)");
        assertThatThrownBy(() -> new CollectorConfig.Limits(time, new ByteSize(0), 1, 1, 1))
                .hasMessage("limits.attribute: 0 (expected: 1 to 1GiB)");
        assertThatThrownBy(() -> new CollectorConfig.Limits(time, new ByteSize(1), 1, 1, 0))
                .hasMessage("limits.spans: 0 (expected: at least 1)");
        assertThatThrownBy(() -> new CollectorConfig.Limits(time, new ByteSize(1), 0, 1, 1))
                .hasMessage("limits.attributes: 0 (expected: at least 1)");
        assertThatThrownBy(() -> new CollectorConfig.Limits(time, new ByteSize(1), 1, 33, 1))
                .hasMessage("limits.depth: 33 (expected: 1 to 32)");
        assertThatThrownBy(() -> new CollectorConfig.Rate(new ByteSize(0), -1))
                .hasMessage("rates.spans: -1 (expected: 0 or more)");
    }

    private static CollectorConfig on(Map<Receiver, Integer> ports) {
        var config = CollectorConfig.DEFAULT;
        return new CollectorConfig(
                config.host(),
                ports,
                config.datagramTenant(),
                config.maxRequest(),
                config.maxInFlight(),
                config.requestTimeout(),
                config.idleTimeout(),
                config.shutdownTimeout(),
                config.maxConnections(),
                config.limits(),
                config.rates());
    }
}
