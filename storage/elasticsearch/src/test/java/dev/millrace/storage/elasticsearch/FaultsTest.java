package dev.millrace.storage.elasticsearch;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Refresh;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Writes;
import dev.millrace.testkit.search.SearchServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;

/// What becomes of writes when the server, or one document, is not as it should be.
@ResourceLock("opensearch")
@Timeout(120)
final class FaultsTest {

    private static final String INDEX = "/faults-jaeger-span-2026-09-01";
    private static final long NEXT_DAY = TIME + Duration.ofDays(1).toNanos();

    private final SearchServer server = SearchServer.shared(SearchServer.Kind.OPENSEARCH);
    private final OnServer onServer = new OnServer(server, "faults");
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ElasticsearchStore store =
            OnServer.started(withTimeout(Duration.ofSeconds(4)), meters);

    private ElasticsearchConfig withTimeout(Duration timeout) {
        var config = onServer.config();
        return new ElasticsearchConfig(
                onServer.connection(timeout),
                config.indices(),
                config.tagsAsFields(),
                new Writes(Refresh.IMMEDIATE, new ByteSize(4_096)));
    }

    @AfterEach
    void close() {
        store.close();
        onServer.close();
    }

    @Test
    void writesInManyRequestsWhatDoesNotFitIntoOne() {
        // Given
        var fragments =
                IntStream.range(0, 100)
                        .mapToObj(i -> fragment(i, span(trace(1 + i), 1, TIME + i)))
                        .toList();

        // When
        store.write(fragments);

        // Then
        assertThat(meters.counter("millrace.store.bulk.requests").count()).isGreaterThan(10);
        assertThat(meters.counter("millrace.store.spans").count()).isEqualTo(100);
        assertThat(
                        store.search(
                                        Tenant.DEFAULT,
                                        TraceSearch.builder().service("shop").limit(200).build())
                                .traces())
                .hasSize(100);
    }

    @Test
    void namesTheFragmentThatTheServerWillNotHaveAndKeepsTheOthers() {
        // Given: an index of the day in which durations are yes or no
        server.request(
                "PUT",
                INDEX,
                """
                {"mappings": {"properties": {"duration": {"type": "boolean"}}}}
                """);

        // When
        var refusal =
                catchThrowableOfType(
                        StoreException.class,
                        () ->
                                store.write(
                                        List.of(
                                                fragment(6, span(trace(6), 1, NEXT_DAY)),
                                                fragment(7, span(trace(7), 1, TIME)),
                                                fragment(8, span(trace(8), 1, NEXT_DAY)))));

        // Then
        assertThat(refusal.kind()).isEqualTo(StoreException.Kind.INVALID_REQUEST);
        assertThat(refusal).hasMessageContaining("traces-complete-0@7");
        assertThat(refusal).hasMessageContaining("duration");
        assertThat(store.trace(Tenant.DEFAULT, trace(6))).isPresent();
        assertThat(store.trace(Tenant.DEFAULT, trace(8))).isPresent();
        assertThat(meters.counter("millrace.store.documents.refused").count()).isEqualTo(1);
    }

    @Test
    void refusesAFragmentThatIsNone() {
        // Given
        var id = new FragmentId("traces-complete", 0, 7);
        var malformed =
                new Fragment(id, Tenant.DEFAULT, trace(1), Slice.of(new byte[] {10, 99, 1}));
        var empty = new Fragment(id, Tenant.DEFAULT, trace(1), Slice.EMPTY);

        // When, Then
        for (var fragment : List.of(malformed, empty)) {
            assertThatThrownBy(() -> store.write(List.of(fragment)))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e ->
                                    assertThat(e.kind())
                                            .isEqualTo(StoreException.Kind.INVALID_REQUEST))
                    .hasMessageContaining("fragment traces-complete-0@7: ");
        }
    }

    @Test
    void saysThatTheServerHasNoRoomWhenItStaysSo() {
        // Given
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        takeNoMore(true);

        // When, Then
        try {
            assertThatThrownBy(() -> store.write(List.of(fragment(1, span(trace(2), 1, TIME)))))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.OVER_CAPACITY));
            assertThat(meters.counter("millrace.store.bulk.retries").count()).isEqualTo(4);
        } finally {
            takeNoMore(false);
        }
    }

    @Test
    void waitsForAServerThatHasNoRoomForAWhile() throws Exception {
        // Given
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        takeNoMore(true);

        // When
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var write =
                    executor.submit(
                            () -> store.write(List.of(fragment(1, span(trace(2), 1, TIME)))));
            await().pollInterval(Duration.ofMillis(10))
                    .until(() -> meters.counter("millrace.store.bulk.retries").count() > 0);
            takeNoMore(false);
            write.get();
        }

        // Then
        assertThat(store.trace(Tenant.DEFAULT, trace(2)).orElseThrow().spans()).hasSize(1);
    }

    // What a server does by itself when its disk is nearly full: it answers 429.
    private void takeNoMore(boolean now) {
        server.request(
                "PUT",
                INDEX + "/_settings",
                "{\"index.blocks.read_only_allow_delete\": " + (now ? "true" : "null") + "}");
    }

    @Test
    void failsInBoundedTimeWhileTheServerHangsAndHasNothingTwiceAfterwards() {
        // Given
        var fragments = List.of(fragment(0, span(trace(1), 1, TIME), span(trace(1), 2, TIME)));
        store.write(List.of(fragment(9, span(trace(9), 1, TIME))));
        server.freeze();

        // When, Then
        try {
            failsSoon(fragments);
        } finally {
            server.thaw();
        }
        store.write(fragments);
        assertThat(documentsOf("0af7651916cd43dd0000000000000001")).isEqualTo(2);
    }

    @Test
    void failsAtOnceWhileTheServerIsDeadAndLosesNothingThatWasWritten() {
        // Given
        var fragments = new ArrayList<Fragment>();
        for (int i = 0; i < 20; i++) {
            fragments.add(fragment(i, span(trace(1 + i), 1, TIME)));
        }
        store.write(fragments.subList(0, 10));
        server.kill();

        // When, Then
        try {
            failsSoon(fragments);
            assertThatThrownBy(() -> store.trace(Tenant.DEFAULT, trace(1)))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.UNAVAILABLE));
        } finally {
            server.start();
        }
        await().atMost(Duration.ofSeconds(40))
                .ignoreExceptionsInstanceOf(StoreException.class)
                .untilAsserted(() -> store.write(fragments));
        for (int i = 0; i < 20; i++) {
            assertThat(documentsOf(trace(1 + i).toString())).as("trace %s", i).isEqualTo(1);
        }
    }

    @Test
    void startsWithoutAServerAndMakesUpForItLater() {
        // Given
        server.kill();
        try (var early = new ElasticsearchStore(onServer.config(), new SimpleMeterRegistry())) {
            try {
                early.start();
            } finally {
                server.start();
            }

            // When
            await().atMost(Duration.ofSeconds(40))
                    .ignoreExceptionsInstanceOf(StoreException.class)
                    .untilAsserted(
                            () -> early.write(List.of(fragment(0, span(trace(1), 1, TIME)))));

            // Then
            assertThat(early.trace(Tenant.DEFAULT, trace(1))).isPresent();
        }
    }

    private void failsSoon(List<Fragment> fragments) {
        long start = System.nanoTime();
        assertThatThrownBy(() -> store.write(fragments))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.UNAVAILABLE));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    }

    private int documentsOf(String traceId) {
        String answer =
                server.request("GET", "/faults-jaeger-span-*/_count?q=traceID:" + traceId, "");
        return Integer.parseInt(answer.replaceFirst("(?s).*\"count\":(\\d+).*", "$1"));
    }

    @Test
    void looksAtSoManySpansAndNoMore() {
        // Given
        try (var narrow = new ElasticsearchStore(onServer.config(), new SimpleMeterRegistry(), 5)) {
            narrow.start();
            narrow.write(
                    IntStream.range(0, 10)
                            .mapToObj(
                                    i -> fragment(i, span(trace(1 + i), 1, TIME + i * 1_000_000L)))
                            .toList());

            // When, Then
            assertThat(narrow.search(Tenant.DEFAULT, shop().limit(3).build()).traces()).hasSize(3);
            assertThatThrownBy(() -> narrow.search(Tenant.DEFAULT, shop().limit(8).build()))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.OVER_CAPACITY))
                    .hasMessageContaining("expected");
        }
    }

    private static TraceSearch.Builder shop() {
        return TraceSearch.builder().service("shop");
    }
}
