package dev.millrace.storage.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.ServerTls;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Connection;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Credentials;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Refresh;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Rotation;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Writes;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ElasticsearchConfigTest {

    @Test
    void isJaegersUnlessToldOtherwise() {
        // When
        var config = ElasticsearchConfig.at(URI.create("http://localhost:9200"));

        // Then
        assertThat(config.indices().prefix()).isEmpty();
        assertThat(config.indices().layout()).isEqualTo(Layout.DAILY);
        assertThat(config.indices().shards()).isEqualTo(5);
        assertThat(config.indices().replicas()).isEqualTo(1);
        assertThat(config.tagsAsFields().all()).isFalse();
        assertThat(config.tagsAsFields().dotReplacement()).isEqualTo("@");
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost:9200", "ftp://host", "http:/path", "http://u:p@host:9200"})
    void refusesAnAddressThatIsNone(String url) {
        assertThatThrownBy(() -> Connection.to(URI.create(url)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("urls: ")
                .hasMessageNotContaining("u:p");
    }

    @Test
    void refusesTooShortAWait() {
        assertThatThrownBy(() ->
                        new Connection(
                                List.of(URI.create("http://localhost:9200")),
                                Credentials.NONE,
                                ServerTls.USUAL,
                                Duration.ofMillis(1)))
                .hasMessage("request-timeout: 1 (expected: 100 to 600000)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Prod", "-prod", "prod-", "a/b", "0123456789012345678901234567890"})
    void refusesAPrefixThatNoIndexCanHave(String prefix) {
        assertThatThrownBy(() ->
                        new Indices(
                                prefix, Layout.DAILY, "-", Rotation.DAY, Rotation.DAY, 1, 0, true))
                .hasMessageStartingWith("index-prefix: \"" + prefix + "\" (expected: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a.b", "*", "long enough"})
    void refusesAReplacementThatFieldsCannotHave(String replacement) {
        assertThatThrownBy(() -> new TagsAsFields(true, Set.of(), replacement))
                .hasMessageStartingWith("dot-replacement: \"" + replacement + "\" (expected: ");
    }

    @Test
    void refusesBulksThatServersRefuse() {
        assertThatThrownBy(() -> new Writes(Refresh.WAIT, ByteSize.ofMebibytes(100)))
                .hasMessageStartingWith("bulk-bytes: ");
    }

    @Test
    void takesAUserOrAKeyAndShowsNeither() {
        assertThatThrownBy(() -> new Credentials("user", "secret", "key"))
                .hasMessage("api-key: set beside username (expected: one of the two)");
        assertThatThrownBy(() -> new Credentials("user", "", ""))
                .hasMessage("password: empty (expected: one for user)");
        assertThatThrownBy(() -> new Credentials("", "secret", ""))
                .hasMessage("password: set without username (expected: both)");
        assertThat(new Credentials("user", "secret", "").toString()).doesNotContain("secret");
        assertThat(new Credentials("", "", "c2VjcmV0").toString()).doesNotContain("c2VjcmV0");
    }
}
