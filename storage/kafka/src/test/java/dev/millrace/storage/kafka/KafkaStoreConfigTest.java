package dev.millrace.storage.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class KafkaStoreConfigTest {

    private final KafkaStoreConfig config = Stores.config("spans", Path.of("data", "store"));

    @Test
    void refusesWhatCannotWorkAndNamesIt() {
        assertThatThrownBy(() ->
                        Stores.config("a b", "spans", "one", 4_000, config.instance().directory()))
                .hasMessageContaining("application: \"a b\"");
        assertThatThrownBy(() -> new KafkaStoreConfig.Source(" ", null))
                .hasMessageContaining("topic: \" \"");
        assertThatThrownBy(() -> new KafkaStoreConfig.Sharing(0, 1, 0))
                .hasMessageContaining("threads: 0");
        assertThatThrownBy(() -> new KafkaStoreConfig.Sharing(1, -1, 0))
                .hasMessageContaining("standbys: -1");
        assertThatThrownBy(() ->
                        new KafkaStoreConfig.Keeping(
                                Duration.ofHours(6), Duration.ofHours(1), new ByteSize(0)))
                .hasMessageContaining("retention: PT1H");
    }

    @Test
    void theOperatorsSettingsWinButForThoseThatCorrectnessRestsOn() {
        // Given
        var clients =
                new KafkaClients(
                        new KafkaConfig(
                                "kafka:9092",
                                Map.of(
                                        "security.protocol", "SASL_SSL",
                                        "session.timeout.ms", "30000",
                                        "processing.guarantee", "exactly_once_v2",
                                        "state.dir", "/tmp"),
                                1,
                                KafkaConfig.Durability.LENIENT,
                                Duration.ofSeconds(10)));

        // When
        var settings = StreamsSettings.of(config, clients);

        // Then
        assertThat(settings)
                .containsEntry("bootstrap.servers", "kafka:9092")
                .containsEntry("security.protocol", "SASL_SSL")
                .containsEntry("session.timeout.ms", "30000")
                .containsEntry("isolation.level", "read_committed")
                .containsEntry("commit.interval.ms", 2_000)
                .containsEntry("num.standby.replicas", 1)
                .containsEntry("processing.guarantee", "at_least_once")
                .containsEntry("group.protocol", "classic")
                .containsEntry("application.server", "127.0.0.1:4000")
                .containsEntry("main.consumer.group.instance.id", "one")
                .containsEntry("state.dir", Path.of("data/store").toAbsolutePath().toString());
    }
}
