package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.deploy.Chart;
import dev.millrace.deploy.Chart.Document;
import dev.millrace.verification.ScalingRule.Pace;
import dev.millrace.verification.ScalingRule.Unit;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ScalingRuleTest {

    private static Document scaledObject(String role) {
        return new Chart(Repository.ROOT.resolve("deploy/helm/millrace"))
                        .render(
                                List.of(),
                                Map.of("bootstrapServers", "kafka:9092", "keda.enabled", "true"))
                        .stream()
                        .filter(document -> document.text().contains("kind: ScaledObject"))
                        .filter(document -> document.text().contains("name: millrace-" + role))
                        .findFirst()
                        .orElseThrow();
    }

    @Test
    void isWhatTheChartSays() {
        assertThat(ScalingRule.of(scaledObject("ingester")))
                .isEqualTo(
                        new ScalingRule(
                                "millrace-ingester",
                                "traces-complete",
                                5_000,
                                2,
                                10,
                                Duration.ofSeconds(15),
                                new Pace(Duration.ZERO, Unit.PERCENT, 100, Duration.ofMinutes(1)),
                                new Pace(
                                        Duration.ofMinutes(15),
                                        Unit.PODS,
                                        1,
                                        Duration.ofMinutes(2))));
    }

    @Test
    void aFasterClockLeavesCountsAlone() {
        // When
        var rule = ScalingRule.of(scaledObject("aggregator")).faster(15);

        // Then
        assertThat(rule.share()).isEqualTo(50_000);
        assertThat(rule.most()).isEqualTo(10);
        assertThat(rule.interval()).isEqualTo(Duration.ofSeconds(1));
        assertThat(rule.down())
                .isEqualTo(new Pace(Duration.ofMinutes(1), Unit.PODS, 1, Duration.ofSeconds(8)));
    }

    @Test
    void anotherTriggerIsRefusedWithItsLine() {
        // Given
        var document = scaledObject("ingester");

        // Then
        assertThatThrownBy(() ->
                        ScalingRule.of(
                                new Document(
                                        document.template(),
                                        document.text().replace("type: kafka", "type: cpu"))))
                .hasMessageContaining("spec.triggers[1].type: \"cpu\" (expected: one of kafka)");
    }
}
