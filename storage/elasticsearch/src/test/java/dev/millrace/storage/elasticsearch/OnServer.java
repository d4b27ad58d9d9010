package dev.millrace.storage.elasticsearch;

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
import dev.millrace.testkit.search.SearchServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;

/// A store on a real server, with indices that no other test touches.
///
/// @param prefix of the indices, none of which begins another's
record OnServer(SearchServer server, String prefix) implements AutoCloseable {

    static final Duration TIMEOUT = Duration.ofSeconds(20);

    ElasticsearchConfig config() {
        return config(Layout.DAILY, TagsAsFields.NONE);
    }

    ElasticsearchConfig config(Layout layout, TagsAsFields tagsAsFields) {
        return config(layout, tagsAsFields, true);
    }

    /// Where somebody else makes templates and indices.
    ElasticsearchConfig configOfOthers(Layout layout) {
        return config(layout, TagsAsFields.NONE, false);
    }

    private ElasticsearchConfig config(
            Layout layout, TagsAsFields tagsAsFields, boolean templates) {
        return new ElasticsearchConfig(
                connection(TIMEOUT),
                new Indices(prefix, layout, "-", Rotation.DAY, Rotation.DAY, 1, 0, templates),
                tagsAsFields,
                new Writes(Refresh.IMMEDIATE, ByteSize.ofMebibytes(5)));
    }

    Connection connection(Duration timeout) {
        return new Connection(List.of(server.uri()), user(server), tls(server), timeout);
    }

    /// Of a server that asks for one.
    static Credentials user(SearchServer server) {
        return server.login()
                .map(login -> new Credentials(login.user(), login.password(), ""))
                .orElse(Credentials.NONE);
    }

    private static ServerTls tls(SearchServer server) {
        return server.login()
                .map(login -> new ServerTls(login.authority(), null, null))
                .orElse(ServerTls.USUAL);
    }

    static ElasticsearchStore started(ElasticsearchConfig config) {
        return started(config, new SimpleMeterRegistry());
    }

    static ElasticsearchStore started(ElasticsearchConfig config, MeterRegistry meters) {
        var store = new ElasticsearchStore(config, meters);
        store.start();
        return store;
    }

    /// Removes the indices.
    @Override
    public void close() {
        server.deleteIndices(prefix + "-*");
    }
}
