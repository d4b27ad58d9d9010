package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.query.system.PipelinePicture.Figure;
import dev.millrace.query.system.PipelinePicture.ProcessState;
import dev.millrace.server.config.MillraceConfig.EndpointConfig;
import io.micrometer.core.instrument.Tags;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is learned of other processes, from what they offer to Prometheus.
class OtherProcessesTest {

    private static final EndpointConfig ANY_PORT = new EndpointConfig("127.0.0.1", 0);

    @Test
    void tellsWhatAnotherProcessCountsAndThatOneIsNotThere() throws Exception {
        // Given
        var metrics = new Metrics();
        metrics.registry()
                .counter("millrace.spans.rejected", Tags.of("reason", "a \"b\" \\ c"))
                .increment(3);
        metrics.registry().timer("millrace.store.write").record(Duration.ofSeconds(2));
        metrics.registry().counter("someone.elses").increment();
        try (metrics;
                var server = new OperatorServer("metrics", ANY_PORT, metrics.pages())) {
            server.start();
            var there = URI.create(server.address() + "/metrics");
            var gone = URI.create("http://127.0.0.1:1/metrics");

            try (var others = new OtherProcesses(List.of(there, gone), Duration.ofSeconds(20))) {
                // When
                var states = others.ask();

                // Then
                assertThat(states)
                        .extracting(ProcessState::name)
                        .containsExactly(there.getAuthority(), gone.getAuthority());
                assertThat(states.getFirst().problem()).isEmpty();
                assertThat(states.getFirst().figures())
                        .contains(
                                new Figure(
                                        "millrace_spans_rejected_total",
                                        Map.of("reason", "a \"b\" \\ c"),
                                        3),
                                new Figure("millrace_store_write_seconds_count", Map.of(), 1),
                                new Figure("millrace_store_write_seconds_sum", Map.of(), 2))
                        .noneMatch(figure -> figure.name().startsWith("someone"));
                assertThat(states.getLast().problem()).isPresent();
                assertThat(states.getLast().figures()).isEmpty();
            }
        }
    }

    @Test
    void countsItselfAsOthersWouldReadIt() throws Exception {
        // Given
        try (var metrics = new Metrics()) {
            metrics.start();
            metrics.registry().counter("millrace.spans.received").increment(5);
            var written = metrics.registry().scrape().lines();

            // When
            var own = OwnFigures.of(metrics.registry());
            var read = MetricsText.read(written);

            // Then
            assertThat(own)
                    .contains(new Figure("millrace_spans_received_total", Map.of(), 5))
                    .anyMatch(figure -> figure.name().equals("millrace_info"));
            assertThat(own.stream().map(Figure::name).distinct())
                    .containsExactlyInAnyOrderElementsOf(
                            read.stream().map(Figure::name).distinct().toList());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"collector:8888", "ftp://collector/metrics", "http://", "not an address"})
    void refusesWhatIsNoAddress(String text) {
        assertThatThrownBy(() -> OtherProcesses.addresses(List.of(text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text)
                .hasMessageContaining("such as http://collector:8888/metrics");
    }

    @Test
    void looksForMetricsWhereAnAddressHasNoPath() {
        assertThat(OtherProcesses.addresses(List.of("http://collector:8888")))
                .containsExactly(URI.create("http://collector:8888/metrics"));
    }
}
