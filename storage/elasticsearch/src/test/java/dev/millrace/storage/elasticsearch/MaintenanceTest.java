package dev.millrace.storage.elasticsearch;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.testkit.search.SearchServer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/// How indices begin and end.
@ResourceLock("elasticsearch")
final class MaintenanceTest {

    private static final Instant AFTERWARDS = Instant.parse("2026-09-02T00:00:00Z");
    private static final Instant FAR_AHEAD = Instant.parse("2200-01-01T00:00:00Z");

    private final SearchServer server = SearchServer.shared(SearchServer.Kind.ELASTICSEARCH);
    private final OnServer onServer = new OnServer(server, "kept");

    @AfterEach
    void close() {
        onServer.close();
    }

    @Test
    void dropsWhatIsOldOfEveryTenantAndNothingOfOthers() {
        // Given: indices that look like a tenant's but are not ours
        server.request("PUT", "/kept-stranger-jaeger-span-2026-09-01", "");
        server.request("PUT", "/kept-jaeger-span-archive", "");
        try (var store = OnServer.started(onServer.config())) {
            store.write(
                    List.of(
                            fragment(0, span(trace(1), 1, TIME)),
                            fragment(new Tenant("Acme"), 1, span(trace(1), 1, TIME)),
                            fragment(2, span(trace(2), 1, TIME + Duration.ofDays(1).toNanos()))));

            // When
            var expired = store.expire(AFTERWARDS);

            // Then
            assertThat(expired).isEqualTo(Expired.tooOld(1));
            assertThat(server.indices("kept-*"))
                    .containsExactlyInAnyOrder(
                            "kept-jaeger-span-2026-09-02",
                            "kept-jaeger-service-2026-09-02",
                            "kept-stranger-jaeger-span-2026-09-01",
                            "kept-jaeger-span-archive");
            assertThat(store.expire(AFTERWARDS)).isEqualTo(Expired.NONE);
        }
    }

    @Test
    void keepsFiguresOfNoMinuteInParticular() {
        // Given
        var link = new Dependency("web", "shop", Connection.PLAIN);
        var entry = new DependencyDelta.Entry(0, link, Figures.ofCalls(3));
        var minute = new DependencyMinute(Tenant.DEFAULT, 0, 0, 1, List.of(entry));
        try (var store = OnServer.started(onServer.config())) {
            store.writeDependencies(List.of(minute));

            // When
            store.expire(AFTERWARDS);

            // Then
            assertThat(store.dependencies(Tenant.DEFAULT, 0, 1)).containsExactly(minute);
        }
    }

    @Test
    void rollsOverWhatIsFullAndReadsOldAndNew() {
        // Given
        var config = onServer.config(Layout.ROLLOVER, TagsAsFields.NONE);
        try (var store = OnServer.started(config);
                var maintenance = new IndexMaintenance(config)) {
            store.write(List.of(fragment(0, span(trace(1), 1, TIME))));

            // When
            var none = maintenance.rollOver(Tenant.DEFAULT, limits(1_000));
            var begun = maintenance.rollOver(Tenant.DEFAULT, limits(1));
            store.write(List.of(fragment(1, span(trace(1), 2, TIME))));

            // Then
            assertThat(none).isEmpty();
            assertThat(begun).contains("kept-jaeger-span-000002", "kept-jaeger-service-000002");
            assertThat(store.trace(Tenant.DEFAULT, trace(1)).orElseThrow().spans()).hasSize(2);
            assertThat(server.request("GET", "/kept-jaeger-span-000002/_count", ""))
                    .contains("\"count\":1,");
            assertThat(server.request("GET", "/kept-jaeger-span-000002/_mapping", ""))
                    .contains("\"enabled\":false");
        }
    }

    @Test
    void dropsWhatWasRolledOverLongAgoButNotWhatIsWrittenTo() {
        // Given
        var config = onServer.config(Layout.ROLLOVER, TagsAsFields.NONE);
        try (var store = OnServer.started(config);
                var maintenance = new IndexMaintenance(config)) {
            store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
            maintenance.rollOver(Tenant.DEFAULT, limits(1));
            store.write(List.of(fragment(1, span(trace(2), 1, TIME))));

            // When
            var before = store.expire(Instant.EPOCH);
            var gone = maintenance.dropBefore(FAR_AHEAD);

            // Then
            assertThat(before).isEqualTo(Expired.NONE);
            assertThat(gone)
                    .containsExactlyInAnyOrder(
                            "kept-jaeger-span-000001", "kept-jaeger-service-000001");
            assertThat(store.trace(Tenant.DEFAULT, trace(1))).isEmpty();
            assertThat(store.trace(Tenant.DEFAULT, trace(2))).isPresent();
        }
    }

    @Test
    void showsOnceWhatWasWrittenAgainAfterARollover() {
        // Given
        var config = onServer.config(Layout.ROLLOVER, TagsAsFields.NONE);
        var fragment = fragment(0, span(trace(1), 1, TIME));
        try (var store = OnServer.started(config);
                var maintenance = new IndexMaintenance(config)) {
            store.write(List.of(fragment));
            maintenance.rollOver(Tenant.DEFAULT, limits(1));

            // When
            store.write(List.of(fragment));

            // Then
            assertThat(store.trace(Tenant.DEFAULT, trace(1)).orElseThrow().spans()).hasSize(1);
        }
    }

    @Test
    void goesOnWithTheAliasesThatJaegersToolMade() {
        // Given: as es-rollover makes them
        for (var kind : List.of("span", "service", "dependencies")) {
            server.request(
                    "PUT",
                    "/kept-jaeger-" + kind + "-000001",
                    "{\"aliases\": {\"kept-jaeger-%s-read\": {}, \"kept-jaeger-%s-write\": {}}}"
                            .formatted(kind, kind));
        }
        try (var store = OnServer.started(onServer.config(Layout.ROLLOVER, TagsAsFields.NONE))) {

            // When
            store.write(List.of(fragment(0, span(trace(1), 1, TIME))));

            // Then
            assertThat(store.trace(Tenant.DEFAULT, trace(1))).isPresent();
            assertThat(server.indices("kept-jaeger-span-*"))
                    .containsExactly("kept-jaeger-span-000001");
        }
    }

    private static RolloverLimits limits(long documents) {
        return new RolloverLimits(Duration.ofDays(1), documents);
    }

    @Test
    void doesNotRollOverDays() {
        try (var maintenance = new IndexMaintenance(onServer.config())) {
            assertThatThrownBy(() -> maintenance.rollOver(Tenant.DEFAULT, limits(1)))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.NOT_SUPPORTED));
        }
    }
}
