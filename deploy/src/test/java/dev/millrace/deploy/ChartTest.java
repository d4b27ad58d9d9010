package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the chart takes and refuses.
final class ChartTest {

    @ParameterizedTest
    @CsvSource({
        "aggregator.autoscaling.max, 101, 'expected: at most 100, as many as the partitions of spans'",
        "aggregator.threads, 11, 'expected: at most 9'",
        "ingester.autoscaling.max, 21, 'expected: at most 20, as many as the partitions of traces-complete'",
        "ingester.autoscaling.min, 11, 'expected: at most max, 10'",
        "config.storage.type, local, 'expected: elasticsearch, cassandra or kafka'",
        "mirror.enabled, true, 'mirror.sites: empty (expected: at least one site)'",
        "topics.spans.retention, a week, 'topics/spans/retention'",
        "colector.replicas, 3, 'colector'",
        "collector.replcas, 3, 'replcas'",
    })
    void aValueThatCannotBeIsRefusedWithTheReason(String path, String value, String reason) {
        // Given
        var settings = Map.of("strimzi.enabled", "true", "keda.enabled", "true", path, value);

        // Then
        assertThatThrownBy(() -> Rendering.of(settings)).hasMessageContaining(reason);
    }

    @Test
    void kafkaMustBeSomewhere() {
        assertThatThrownBy(() -> Rendering.of(Map.of()))
                .hasMessageContaining(
                        "bootstrapServers: empty (expected: host:port of Kafka, or strimzi.enabled:"
                                + " true)");
    }

    @Test
    void aThousandPartitionsLetAThousandAggregatorsRun() {
        // When
        var rendering =
                Rendering.of(
                        Map.of(
                                "bootstrapServers", "kafka:9092",
                                "keda.enabled", "true",
                                "topics.spans.partitions", "1000",
                                "aggregator.autoscaling.max", "1000"));

        // Then
        var scaled = rendering.find("ScaledObject", "millrace-aggregator").orElseThrow();
        assertThat(scaled.at("/spec/maxReplicaCount").asInt()).isEqualTo(1_000);
    }

    @Test
    void whereTheTopicsAreTheStoreNobodyIngests() {
        // When
        var rendering =
                Rendering.of(Map.of("strimzi.enabled", "true", "config.storage.type", "kafka"));

        // Then
        assertThat(rendering.workloads().map(Rendering.Workload::command))
                .containsExactlyInAnyOrder("collector", "aggregator", "query", "audit");
        var topic = rendering.find("KafkaTopic", "millrace-traces-complete").orElseThrow();
        assertThat(topic.at("/spec/config/retention.ms").asText())
                .as("as long as spans")
                .isEqualTo("604800000");
    }

    @Test
    void helmFindsNothingWrongWithIt() {
        assertThat(new Chart(Repository.CHART).lint().isFailed()).isFalse();
    }
}
