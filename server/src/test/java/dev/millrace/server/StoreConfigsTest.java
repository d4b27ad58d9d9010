package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.storage.api.ServerTls;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StoreConfigsTest {

    private static final Set<Role> ALL = EnumSet.allOf(Role.class);

    private static MillraceConfig config(String... settings) throws ConfigException {
        return new ConfigSources().flags(List.of(settings)).load().values();
    }

    @ParameterizedTest
    @EnumSource(
            value = Role.class,
            names = {"INGESTER", "QUERY"})
    void theEmbeddedStoreIsKeptInOrderByWhoeverHasIt(Role role) throws Exception {
        // Given
        var config = config("storage.local.retention=3d");

        // When, Then
        assertThat(StoreConfigs.retention(config, EnumSet.of(role))).contains(Duration.ofDays(3));
    }

    @Test
    void aSharedStoreIsKeptInOrderByThoseWhoWriteToIt() throws Exception {
        // Given
        var config = config("storage.type=elasticsearch", "storage.elasticsearch.retention=3d");

        // When, Then
        assertThat(StoreConfigs.retention(config, EnumSet.of(Role.INGESTER)))
                .contains(Duration.ofDays(3));
        assertThat(StoreConfigs.retention(config, ALL)).contains(Duration.ofDays(3));
        assertThat(StoreConfigs.retention(config, EnumSet.of(Role.QUERY))).isEmpty();
        assertThat(StoreConfigs.retention(config, EnumSet.of(Role.QUERY, Role.COLLECTOR)))
                .isEmpty();
    }

    @Test
    void cassandraKeepsItselfInOrder() throws Exception {
        assertThat(StoreConfigs.retention(config("storage.type=cassandra"), ALL)).isEmpty();
    }

    @Test
    void cassandraIsSpokenToWithoutTlsUnlessToldOtherwise() throws Exception {
        // Given
        var authority = "/etc/millrace/authority.pem";

        // When, Then
        assertThat(StoreConfigs.cassandra(config()).tls()).isNull();
        assertThat(StoreConfigs.cassandra(config("storage.cassandra.tls=true")).tls())
                .isEqualTo(ServerTls.USUAL);
        assertThat(
                        StoreConfigs.cassandra(
                                        config(
                                                "storage.cassandra.certificate-authority="
                                                        + authority))
                                .tls())
                .isEqualTo(new ServerTls(Path.of(authority), null, null));
        assertThat(StoreConfigs.cassandra(config()).checkHostNames()).isTrue();
        assertThat(
                        StoreConfigs.cassandra(config("storage.cassandra.check-host-names=false"))
                                .checkHostNames())
                .isFalse();
    }

    @Test
    void elasticsearchIsShownTheCertificateThatIsSet() throws Exception {
        // When
        var config =
                config(
                        "storage.elasticsearch.certificate=/ours.pem",
                        "storage.elasticsearch.certificate-key=/ours.key");

        // Then
        assertThat(StoreConfigs.elasticsearch(config).connection().tls())
                .isEqualTo(new ServerTls(null, Path.of("/ours.pem"), Path.of("/ours.key")));
        assertThat(StoreConfigs.elasticsearch(config()).connection().tls())
                .isEqualTo(ServerTls.USUAL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"elasticsearch", "cassandra"})
    void aCertificateNeedsItsKey(String store) throws Exception {
        // Given
        var config = config("storage." + store + ".certificate=/ours.pem");

        // When, Then
        assertThatThrownBy(() -> SettingsCheck.run(config))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(
                        "storage."
                                + store
                                + ".certificate: set alone (expected: certificate and"
                                + " certificate-key, or neither)");
    }
}
