package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StoreAddressTest {

    @Test
    void aPathIsTheEmbeddedStore() {
        assertThat(StoreAddress.parse("local:///var/lib/millrace/store"))
                .isEqualTo(new StoreAddress.Local(Path.of("/var/lib/millrace/store")))
                .hasToString("local:///var/lib/millrace/store");
    }

    @ParameterizedTest
    @CsvSource({
        "elasticsearch://search:9201/tracing-, elasticsearch://search:9201/tracing-",
        "elasticsearch://search, elasticsearch://search:9200/",
        "elasticsearch+https://search/x, elasticsearch+https://search:9200/x",
        "cassandra://10.0.0.7/jaeger, cassandra://10.0.0.7:9042/jaeger",
    })
    void aHostIsAServerWithItsUsualPort(String url, String meant) {
        assertThat(StoreAddress.parse(url)).hasToString(meant);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/var/lib/store",
                "local://store/of/a/host",
                "postgres://somewhere/x",
                "cassandra://host",
                "elasticsearch:///prefix",
                "a b"
            })
    void anythingElseIsRefusedWithWhatWasExpected(String url) {
        assertThatThrownBy(() -> StoreAddress.parse(url))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "store: \""
                                + url
                                + "\" (expected: local:///path, elasticsearch://host:9200/prefix or"
                                + " cassandra://host:9042/keyspace)");
    }
}
