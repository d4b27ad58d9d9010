package dev.millrace.storage.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.millrace.model.ByteSize;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class CassandraConfigTest {

    private static final List<InetSocketAddress> NODES =
            List.of(InetSocketAddress.createUnresolved("cassandra", 9042));

    private static CassandraConfig config(
            String keyspace,
            String user,
            String password,
            Map<String, Integer> replication,
            Duration retention,
            int maxInFlight) {
        return new CassandraConfig(
                NODES,
                "dc1",
                keyspace,
                user,
                password,
                null,
                true,
                true,
                replication,
                retention,
                Duration.ZERO,
                true,
                maxInFlight,
                Consistency.LOCAL_QUORUM,
                Duration.ofSeconds(5),
                ByteSize.ofMebibytes(4));
    }

    @Test
    void hidesThePassword() {
        assertThat(config("k", "me", "secret", Map.of("dc1", 3), Duration.ofDays(2), 1).toString())
                .contains("user=me")
                .doesNotContain("secret");
    }

    @Test
    void namesWhatIsWrongAndWhatWasExpected() {
        var copies = Map.of("dc1", 3);
        var days = Duration.ofDays(2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("Jaeger", "", "", copies, days, 1))
                .withMessageContaining("keyspace: \"Jaeger\" (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("k", "me", "", copies, days, 1))
                .withMessageContaining("only one of them (expected: both or none)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("k", "", "", Map.of(), days, 1))
                .withMessageContaining("replication: none (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("k", "", "", Map.of("dc1", 0), days, 1))
                .withMessageContaining("replication: dc1=0 (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("k", "", "", copies, Duration.ofMinutes(1), 1))
                .withMessageContaining("retention: PT1M (expected:");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("k", "", "", copies, days, 0))
                .withMessageContaining("max-in-flight: 0 (expected: 1 to 100000)");
    }

    @Test
    void isCompleteWithAddressesAlone() {
        // When
        var config = CassandraConfig.of(NODES, "dc1");

        // Then
        assertThat(config.keyspace()).isEqualTo("jaeger_v1_dc1");
        assertThat(config.replication()).containsExactly(Map.entry("dc1", 1));
    }
}
