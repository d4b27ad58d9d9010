package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class QueryConfigsTest {

    private static MillraceConfig config(String alsoRead) throws ConfigException {
        return new ConfigSources()
                .flags(
                        List.of(
                                "storage.local.directory=/var/lib/new",
                                "query.also-read=" + alsoRead))
                .load()
                .values();
    }

    @Test
    void readsTheStoresThatAreNamedInTheirOrder() throws Exception {
        // When
        var config = config("local:///var/lib/old, elasticsearch://search:9200/");

        // Then
        assertThat(QueryConfigs.alsoRead(config))
                .extracting(StoreAddress::toString)
                .containsExactly("local:///var/lib/old", "elasticsearch://search:9200/");
        SettingsCheck.run(config);
        assertThat(QueryConfigs.alsoRead(config(""))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    somewhere | query.also-read: store: "somewhere" (expected: local:///path, elasticsearch://host:9200/prefix or cassandra://host:9042/keyspace)
                    local:///var/lib/new | query.also-read: "local:///var/lib/new" (expected: each store once)
                    local:///a,local:///a | query.also-read: "local:///a" (expected: each store once)
                    """)
    void refusesWhatCannotBeRead(String alsoRead, String problem) throws Exception {
        // Given
        var config = config(alsoRead);

        // When, then
        assertThatThrownBy(() -> SettingsCheck.run(config))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(problem);
    }
}
