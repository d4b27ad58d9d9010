package dev.millrace.storage.elasticsearch;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.testkit.search.SearchServer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/// How the indices of all tenants end and are followed by others, where templates and indices are
/// Jaeger's.
@ResourceLock("opensearch")
final class TenantIndicesTest {

    private static final Tenant ACME = new Tenant("acme");
    private static final Instant AFTERWARDS = Instant.parse("2026-09-02T00:00:00Z");
    private static final Instant FAR_AHEAD = Instant.parse("2200-01-01T00:00:00Z");
    private static final RolloverLimits ONE_DOCUMENT = new RolloverLimits(Duration.ofDays(1), 1);
    private static final List<String> KINDS = List.of("span", "service", "dependencies");

    private final SearchServer server = SearchServer.shared(SearchServer.Kind.OPENSEARCH);
    private final OnServer onServer = new OnServer(server, "tenants");

    /// As Jaeger has them, as far as it matters here, with a note of the cluster's owners.
    @BeforeEach
    void putTemplates() {
        for (var kind : KINDS) {
            answers(
                    "PUT",
                    "/_template/tenants-of-jaeger-" + kind,
                    """
                    {"index_patterns": ["tenants-*jaeger-%s-*"],
                     "settings": {"number_of_shards": 1, "number_of_replicas": 0},
                     "mappings": {
                      "_meta": {"owner": "somebody"},
                      "properties": {
                       "traceID": {"type": "keyword"},
                       "spanID": {"type": "keyword"},
                       "operationName": {"type": "keyword"},
                       "serviceName": {"type": "keyword"},
                       "startTime": {"type": "long"}}}}
                    """
                            .formatted(kind));
        }
    }

    @AfterEach
    void close() {
        onServer.close();
        answers("DELETE", "/_template/tenants-of-jaeger-*", "");
    }

    private String answers(String method, String path, String body) {
        var answer = server.request(method, path, body);
        assertThat(answer).as("%s %s", method, path).doesNotContain("\"error\"");
        return answer;
    }

    /// As Jaeger's tool does it.
    ///
    /// @param who begins the names, with a `-` behind
    private void initRollover(String who, String ofWriteAlias) {
        for (var kind : KINDS) {
            String stem = "tenants-" + who + "jaeger-" + kind;
            answers(
                    "PUT",
                    "/" + stem + "-000001",
                    "{\"aliases\": {\"%s-read\": {}, \"%s-write\": {%s}}}"
                            .formatted(stem, stem, ofWriteAlias));
        }
    }

    @Test
    void endsDaysOfATenantAndNothingOfOthers() {
        // Given: a stranger, and a day of the tenant on which nobody said whose it is
        answers("PUT", "/tenants-stranger-jaeger-span-2026-08-31", "");
        answers("PUT", "/tenants-acme-jaeger-span-2026-08-31", "");
        long tomorrow = TIME + Duration.ofDays(1).toNanos();
        try (var store = OnServer.started(onServer.configOfOthers(Layout.DAILY))) {
            store.write(
                    List.of(
                            fragment(ACME, 0, span(trace(1), 1, TIME)),
                            fragment(ACME, 1, span(trace(2), 1, tomorrow))));

            // When
            var expired = store.expire(AFTERWARDS);

            // Then
            assertThat(expired).isEqualTo(Expired.tooOld(2));
            assertThat(server.indices("tenants-*"))
                    .containsExactlyInAnyOrder(
                            "tenants-acme-jaeger-span-2026-09-02",
                            "tenants-acme-jaeger-service-2026-09-02",
                            "tenants-stranger-jaeger-span-2026-08-31");
            assertThat(store.trace(ACME, trace(1))).isEmpty();
            assertThat(store.trace(ACME, trace(2))).isPresent();
        }
    }

    @Test
    void leavesWhatElseIsNotedInAMapping() {
        // Given
        try (var store = OnServer.started(onServer.configOfOthers(Layout.DAILY))) {

            // When
            store.write(List.of(fragment(ACME, 0, span(trace(1), 1, TIME))));

            // Then
            assertThat(answers("GET", "/tenants-acme-jaeger-span-2026-09-01/_mapping", ""))
                    .contains("\"owner\":\"somebody\"", "\"index-prefix\":\"tenants\"");
        }
    }

    @Test
    void rollsOverAllTenantsAndEndsWhatCameBefore() {
        // Given: aliases that say which index is written to, and others that need not
        initRollover("", "");
        initRollover("acme-", "\"is_write_index\": true");
        initRollover("stranger-", "");
        var config = onServer.configOfOthers(Layout.ROLLOVER);
        try (var store = OnServer.started(config);
                var maintenance = new IndexMaintenance(config)) {
            store.write(
                    List.of(
                            fragment(0, span(trace(1), 1, TIME)),
                            fragment(ACME, 1, span(trace(1), 1, TIME))));

            // When
            var first = maintenance.rollOver(ONE_DOCUMENT);
            var second = maintenance.rollOver(ONE_DOCUMENT);
            store.write(List.of(fragment(ACME, 2, span(trace(2), 1, TIME))));
            var gone = maintenance.dropBefore(FAR_AHEAD);

            // Then
            assertThat(first)
                    .isEqualTo(
                            new RolledOver(
                                    List.of(
                                            "tenants-acme-jaeger-span-000002",
                                            "tenants-jaeger-span-000002",
                                            "tenants-acme-jaeger-service-000002",
                                            "tenants-jaeger-service-000002"),
                                    List.of()));
            assertThat(second).isEqualTo(new RolledOver(List.of(), List.of()));
            assertThat(gone)
                    .containsExactlyInAnyOrder(
                            "tenants-acme-jaeger-span-000001",
                            "tenants-jaeger-span-000001",
                            "tenants-acme-jaeger-service-000001",
                            "tenants-jaeger-service-000001");
            assertThat(store.trace(ACME, trace(1))).isEmpty();
            assertThat(store.trace(ACME, trace(2))).isPresent();
            assertThat(server.indices("tenants-stranger-*")).hasSize(3);
        }
    }

    @Test
    void knowsATenantWhenTheOneIndexThatSaidSoIsGone() {
        // Given: the tenant's second and third index are made by somebody else
        initRollover("acme-", "");
        var config = onServer.configOfOthers(Layout.ROLLOVER);
        try (var store = OnServer.started(config);
                var maintenance = new IndexMaintenance(config)) {
            store.write(List.of(fragment(ACME, 0, span(trace(1), 1, TIME))));
            rollOverBySomebody("tenants-acme-jaeger-span");
            var first = maintenance.dropBefore(FAR_AHEAD);
            rollOverBySomebody("tenants-acme-jaeger-span");

            // When
            var second = maintenance.dropBefore(FAR_AHEAD);

            // Then
            assertThat(first).containsExactly("tenants-acme-jaeger-span-000001");
            assertThat(second).containsExactly("tenants-acme-jaeger-span-000002");
        }
    }

    private void rollOverBySomebody(String stem) {
        answers(
                "POST",
                "/" + stem + "-write/_rollover",
                "{\"aliases\": {\"%s-read\": {}}}".formatted(stem));
    }

    @Test
    void beginsOneIndexHoweverManyDoSoAtOnce() throws Exception {
        // Given
        var racing = new OnServer(server, "racing");
        var config = racing.config(Layout.ROLLOVER, TagsAsFields.NONE);
        try (racing;
                var store = OnServer.started(config);
                var maintenance = new IndexMaintenance(config);
                var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
            Callable<RolledOver> rollOver = () -> maintenance.rollOver(ONE_DOCUMENT);

            // When
            var begun = new ArrayList<String>();
            for (var one : executor.invokeAll(Collections.nCopies(4, rollOver))) {
                assertThat(one.get().failures()).isEmpty();
                begun.addAll(one.get().begun());
            }

            // Then
            assertThat(begun)
                    .containsExactlyInAnyOrder(
                            "racing-jaeger-span-000002", "racing-jaeger-service-000002");
            assertThat(server.indices("racing-*-000003")).isEmpty();
        }
    }

    @Test
    void goesOnWithTheOthersWhenOneCannotBeRolledOver() {
        // Given: an index where an alias belongs
        initRollover("acme-", "");
        initRollover("", "");
        var config = onServer.configOfOthers(Layout.ROLLOVER);
        try (var store = OnServer.started(config);
                var maintenance = new IndexMaintenance(config)) {
            store.write(
                    List.of(
                            fragment(0, span(trace(1), 1, TIME)),
                            fragment(ACME, 1, span(trace(1), 1, TIME))));
            answers(
                    "POST",
                    "/_aliases",
                    """
                    {"actions": [{"remove": {
                      "index": "tenants-acme-jaeger-span-000001",
                      "alias": "tenants-acme-jaeger-span-read"}}]}
                    """);
            answers("PUT", "/tenants-acme-jaeger-span-read", "");

            // When
            var rolledOver = maintenance.rollOver(ONE_DOCUMENT);

            // Then
            assertThat(rolledOver.failures())
                    .singleElement()
                    .asString()
                    .contains("tenants-acme-jaeger-span-write");
            assertThat(rolledOver.begun())
                    .containsExactly(
                            "tenants-jaeger-span-000002",
                            "tenants-acme-jaeger-service-000002",
                            "tenants-jaeger-service-000002");
        }
    }
}
