package dev.millrace.storage.elasticsearch;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.testkit.search.SearchServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;

/// A shard that has as many documents as it can have: a few here, on a server that is otherwise as
/// it is.
@ResourceLock("opensearch")
@Timeout(60)
final class FullShardTest {

    private static final int ROOM = 60;

    /// Each is one document at least.
    private static final int MORE_THAN_FIT = ROOM + 1;

    private final SearchServer server = SearchServer.shared(SearchServer.Kind.OPENSEARCH);
    private final OnServer onServer = new OnServer(server, "full");
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @BeforeEach
    void makeShardsSmall() {
        var answer =
                server.request(
                        "PUT",
                        "/_template/small",
                        """
                        {"index_patterns": ["full-jaeger-span-*"], "order": 9999,
                         "settings": {"index.small_shards.max_documents": %d}}
                        """
                                .formatted(ROOM));
        assertThat(answer).contains("\"acknowledged\":true");
    }

    @AfterEach
    void close() {
        onServer.close();
        server.request("DELETE", "/_template/small", "");
    }

    private double full() {
        return meters.counter("millrace.store.documents.full").count();
    }

    private static void write(ElasticsearchStore store, int trace) {
        store.write(List.of(fragment(trace, span(trace(trace), 1, TIME))));
    }

    @Test
    void isFollowedByTheNextIndexBehindItsAlias() {
        // Given
        var config = onServer.config(Layout.ROLLOVER, TagsAsFields.NONE);
        try (var store = OnServer.started(config, meters)) {

            // When
            int written = 0;
            while (full() == 0 && written < MORE_THAN_FIT) {
                written++;
                write(store, written);
            }

            // Then
            assertThat(full()).isPositive();
            assertThat(server.indices("full-jaeger-span-*"))
                    .containsExactly("full-jaeger-span-000001", "full-jaeger-span-000002");
            assertThat(IntStream.rangeClosed(1, written))
                    .allSatisfy(trace ->
                            assertThat(store.trace(Tenant.DEFAULT, trace(trace))).isPresent());
            assertThat(meters.counter("millrace.store.documents.refused").count()).isZero();
        }
    }

    @Test
    void holdsUpWritesWhereNoIndexCanFollowAndSaysWhatHelps() {
        // Given
        try (var store = OnServer.started(onServer.config(), meters)) {

            // When
            var failure =
                    catchThrowableOfType(
                            StoreException.class,
                            () -> {
                                for (int trace = 1; trace <= MORE_THAN_FIT; trace++) {
                                    write(store, trace);
                                }
                            });

            // Then: the spans are not to blame
            assertThat(failure.kind()).isEqualTo(StoreException.Kind.OVER_CAPACITY);
            assertThat(failure)
                    .hasMessageContaining("Number of documents in shard")
                    .hasMessageContaining(
                            "(expected: room in each shard of full-jaeger-span-2026-09-01; split");
            assertThat(full()).isPositive();
            assertThat(store.trace(Tenant.DEFAULT, trace(1))).isPresent();
            assertThat(meters.counter("millrace.store.documents.refused").count()).isZero();
        }
    }

    @Test
    void isLeftToWhoeverMakesTheIndices() {
        // Given: aliases as others make them
        for (var kind : List.of("span", "service", "dependencies")) {
            server.request(
                    "PUT",
                    "/full-jaeger-" + kind + "-000001",
                    "{\"aliases\": {\"full-jaeger-%s-read\": {}, \"full-jaeger-%s-write\": {}}}"
                            .formatted(kind, kind));
        }
        try (var store = OnServer.started(onServer.configOfOthers(Layout.ROLLOVER), meters)) {

            // When
            var failure =
                    catchThrowableOfType(
                            StoreException.class,
                            () -> {
                                for (int trace = 1; trace <= MORE_THAN_FIT; trace++) {
                                    write(store, trace);
                                }
                            });

            // Then
            assertThat(failure.kind()).isEqualTo(StoreException.Kind.OVER_CAPACITY);
            assertThat(failure).hasMessageContaining("full-jaeger-span-write; begin the next one");
            assertThat(server.indices("full-jaeger-span-*"))
                    .containsExactly("full-jaeger-span-000001");
        }
    }
}
