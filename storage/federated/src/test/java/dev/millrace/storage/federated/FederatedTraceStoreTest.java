package dev.millrace.storage.federated;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.EnumSource.Mode.EXCLUDE;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.contract.FaultyStore;
import dev.millrace.storage.contract.StoreUnderTest;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// What several stores owe that one does not.
final class FederatedTraceStoreTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final FaultyStore hot;
    private final FaultyStore cold;

    FederatedTraceStoreTest(@TempDir Path directory) {
        hot = new FaultyStore(local(directory.resolve("hot")), () -> {});
        cold = new FaultyStore(local(directory.resolve("cold")), () -> {});
    }

    private static LocalTraceStore local(Path directory) {
        var store = new LocalTraceStore(LocalStoreConfig.in(directory), new SimpleMeterRegistry());
        store.start();
        return store;
    }

    @AfterEach
    void close() {
        hot.close();
        cold.close();
    }

    private FederatedTraceStore federated(Duration patience, boolean partialAnswers) {
        return new FederatedTraceStore(
                List.of(new Member("hot", hot), new Member("cold", cold)),
                patience,
                partialAnswers);
    }

    @Test
    void makesOneTraceOfWhatTheStoresHaveOfIt() {
        // Given: a span that both have, in two versions.
        var longer = span(trace(1), 1, TIME).time(TIME, TIME + SECOND);
        hot.write(List.of(fragment(0, span(trace(1), 1, TIME), span(trace(1), 2, TIME + 2))));
        cold.write(List.of(fragment(9, longer, span(trace(1), 3, TIME + 1))));
        try (var store = federated(PATIENCE, false)) {
            // When
            var found = store.trace(Tenant.DEFAULT, trace(1)).orElseThrow();
            var page = store.search(Tenant.DEFAULT, TraceSearch.builder().build());

            // Then
            assertThat(found.spans())
                    .containsExactlyInAnyOrder(
                            longer.build(),
                            span(trace(1), 2, TIME + 2).build(),
                            span(trace(1), 3, TIME + 1).build());
            assertThat(page.traces()).containsExactly(found);
            assertThat(page.next()).isEmpty();
        }
    }

    @Test
    void findsNoTraceByACopyThatLosesAgainstOneElsewhere() {
        // Given
        var longer = span(trace(1), 1, TIME).time(TIME, TIME + SECOND);
        hot.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        cold.write(List.of(fragment(1, longer)));
        var search = TraceSearch.builder().duration(0, SECOND / 2).build();
        try (var store = federated(PATIENCE, false)) {
            // When
            var page = store.search(Tenant.DEFAULT, search);

            // Then
            assertThat(hot.search(Tenant.DEFAULT, search).traces()).hasSize(1);
            assertThat(page.traces()).isEmpty();
        }
    }

    @Test
    void listsTheNamesOfAllStoresOnce() {
        // Given
        hot.write(List.of(fragment(0, span(trace(1), 1, TIME), span(trace(1), 2, TIME).name("b"))));
        cold.write(
                List.of(
                        fragment(1, span(trace(2), 1, TIME).name("b")),
                        fragment(2, span(trace(3), 1, TIME).resource(resource("bank")))));
        try (var store = federated(PATIENCE, false)) {
            // When, Then
            assertThat(store.services(Tenant.DEFAULT)).containsExactly("bank", "shop");
            assertThat(store.operations(Tenant.DEFAULT, "shop"))
                    .extracting(operation -> operation.name())
                    .containsExactly("GET /cart", "b");
        }
    }

    @Test
    void writesToTheFirstStoreOnly() {
        try (var store = federated(PATIENCE, false)) {
            // When
            store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
            store.writeDependencies(List.of(figures(7, 0, 1, 5)));

            // Then
            assertThat(hot.trace(Tenant.DEFAULT, trace(1))).isPresent();
            assertThat(cold.trace(Tenant.DEFAULT, trace(1))).isEmpty();
            assertThat(hot.dependencies(Tenant.DEFAULT, 7, 8)).hasSize(1);
            assertThat(cold.dependencies(Tenant.DEFAULT, 7, 8)).isEmpty();
        }
    }

    @Test
    void prefersOfTheFiguresOfAMinuteThoseThatCountedMore() {
        // Given: minute 1 was moved, minute 2 got a late span after that, minute 3 came after it.
        hot.writeDependencies(
                List.of(figures(1, 0, 50, 5), figures(2, 0, 90, 1), figures(3, 0, 95, 3)));
        cold.writeDependencies(
                List.of(figures(1, 0, 50, 5), figures(2, 0, 60, 8), figures(2, 1, 4, 2)));
        try (var store = federated(PATIENCE, false)) {
            // When
            var minutes = store.dependencies(Tenant.DEFAULT, 0, 10);

            // Then
            assertThat(minutes)
                    .containsExactlyInAnyOrder(
                            figures(1, 0, 50, 5),
                            figures(2, 0, 60, 8),
                            figures(2, 1, 4, 2),
                            figures(3, 0, 95, 3));
        }
    }

    @ParameterizedTest
    @EnumSource(value = StoreException.Kind.class, mode = EXCLUDE, names = "TOO_LARGE")
    void failsAsTheStoreDoesThatDoesNotAnswer(StoreException.Kind kind) {
        // Given
        cold.beforeReads(() -> {
            throw new StoreException(kind, "it is gone");
        });
        try (var store = federated(PATIENCE, false)) {
            // When, Then
            for (var question : questions(store)) {
                assertThatThrownBy(question::run)
                        .isInstanceOfSatisfying(
                                StoreException.class,
                                failure -> assertThat(failure.kind()).isEqualTo(kind))
                        .hasMessage("store cold: it is gone");
            }
        }
    }

    private static List<Runnable> questions(FederatedTraceStore store) {
        return List.of(
                () -> store.trace(Tenant.DEFAULT, trace(1)),
                () -> store.search(Tenant.DEFAULT, TraceSearch.builder().build()),
                () -> store.services(Tenant.DEFAULT),
                () -> store.operations(Tenant.DEFAULT, "shop"),
                () -> store.dependencies(Tenant.DEFAULT, 0, 1));
    }

    @Test
    void answersWithoutAStoreThatIsAwayAndSaysSoWhereThatIsAllowed() {
        // Given
        hot.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        hot.writeDependencies(List.of(figures(7, 0, 1, 5)));
        cold.write(List.of(fragment(1, span(trace(2), 1, TIME).resource(resource("bank")))));
        cold.beforeReads(() -> {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "it is gone");
        });
        var gaps = new ArrayList<String>();
        try (var strict = federated(PATIENCE, true)) {
            var store = (FederatedTraceStore) strict.tolerating(gaps::add);

            // When, Then
            assertThat(store.trace(Tenant.DEFAULT, trace(1))).isPresent();
            assertThat(gaps).containsExactly("store cold: it is gone");
            var page = store.search(Tenant.DEFAULT, TraceSearch.builder().limit(1).build());
            assertThat(StoreUnderTest.ids(page.traces())).containsExactly(trace(1));
            assertThat(page.next()).isEmpty();
            assertThat(store.services(Tenant.DEFAULT)).containsExactly("shop");
            assertThat(store.operations(Tenant.DEFAULT, "shop")).hasSize(1);
            assertThat(store.dependencies(Tenant.DEFAULT, 7, 8)).hasSize(1);
            assertThat(gaps).hasSize(5).containsOnly("store cold: it is gone");
            // Whether there is such a trace nobody knows.
            assertThatThrownBy(() -> store.trace(Tenant.DEFAULT, trace(2)))
                    .hasMessage("store cold: it is gone");
            // Who cannot say that something is missing gets nothing.
            assertThatThrownBy(() -> strict.services(Tenant.DEFAULT))
                    .hasMessage("store cold: it is gone");
        }
        try (var strict = federated(PATIENCE, false)) {
            assertThat(strict.tolerating(gaps::add)).isSameAs(strict);
        }
    }

    @Test
    void answersWithWhatIsLeftWhenAStoreGoesAwayBetweenPagesOfIt() {
        // Given: more traces than are read at once.
        cold.write(traces(1, 250));
        hot.write(traces(251, 270));
        cold.beforeReads(() -> {
            if (cold.searches() > 1) {
                throw new StoreException(StoreException.Kind.UNAVAILABLE, "it is gone");
            }
        });
        var gaps = new ArrayList<String>();
        try (var store = federated(PATIENCE, true)) {
            // When
            var page =
                    store.tolerating(gaps::add)
                            .search(Tenant.DEFAULT, TraceSearch.builder().limit(270).build());

            // Then
            assertThat(gaps).containsExactly("store cold: it is gone");
            assertThat(StoreUnderTest.ids(page.traces()))
                    .hasSize(220)
                    .startsWith(trace(270), trace(269))
                    .endsWith(trace(52), trace(51));
        }
    }

    @Test
    void leavesNoPieceOutWhenAStoreIsAwayEvenWhereGapsAreTolerated() {
        // Given
        hot.write(traces(1, 1));
        cold.beforeReads(() -> {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "it is gone");
        });
        try (var store = federated(PATIENCE, true)) {
            var tolerant = store.tolerating(gap -> {});

            // When
            var first = tolerant.piece(Tenant.DEFAULT, trace(1), Optional.empty()).orElseThrow();

            // Then
            assertThat(first.next()).isPresent();
            assertThatThrownBy(() -> tolerant.piece(Tenant.DEFAULT, trace(1), first.next()))
                    .hasMessage("store cold: it is gone");
        }
    }

    /// Traces of one span each, a nanosecond apart.
    private static List<Fragment> traces(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(number -> fragment(number, span(trace(number), 1, TIME + number)))
                .toList();
    }

    @Test
    void failsWhenNobodyAnswersHoweverMuchIsTolerated() {
        // Given
        Runnable gone =
                () -> {
                    throw new StoreException(StoreException.Kind.UNAVAILABLE, "it is gone");
                };
        hot.beforeReads(gone);
        cold.beforeReads(gone);
        try (var store = federated(PATIENCE, true)) {
            // When, Then
            assertThatThrownBy(() -> store.tolerating(gap -> {}).services(Tenant.DEFAULT))
                    .hasMessage("store hot: it is gone");
        }
    }

    @Test
    void waitsForASlowStoreAsLongAsItMay() {
        // Given
        var release = new CountDownLatch(1);
        cold.beforeReads(() -> await(release));
        hot.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        var gaps = new ArrayList<String>();
        try (var store = federated(Duration.ofSeconds(1), true)) {
            // When
            var services = store.tolerating(gaps::add).services(Tenant.DEFAULT);
            release.countDown();

            // Then
            assertThat(services).containsExactly("shop");
            assertThat(gaps).containsExactly("store cold: no answer within PT1S");
        }
    }

    @Test
    void gathersOnlySoManyQuestionsAtAStoreThatHangs() throws Exception {
        // Given
        var release = new CountDownLatch(1);
        cold.beforeReads(() -> await(release));
        try (var panel = new Panel(List.of(new Member("cold", cold)))) {
            var seat = panel.seats().getFirst();
            var asked = new ArrayList<Future<List<String>>>();
            for (int i = 0; i < 64; i++) {
                asked.add(panel.ask(seat, store -> store.services(Tenant.DEFAULT), 0));
            }

            // When, then
            assertThatThrownBy(() -> panel.ask(seat, store -> store.services(Tenant.DEFAULT), 0))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            failure ->
                                    assertThat(failure.kind())
                                            .isEqualTo(StoreException.Kind.OVER_CAPACITY))
                    .hasMessage("64 questions are with it, as many as there may be");
            release.countDown();
            assertThat(asked)
                    .allSatisfy(answer ->
                            assertThat(answer).succeedsWithin(PATIENCE).isEqualTo(List.of()));
            assertThat(panel.ask(seat, store -> store.services(Tenant.DEFAULT), PATIENCE.toNanos()))
                    .succeedsWithin(PATIENCE);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("never released");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Once as pages follow each other, once as if every page were asked of another process; with
    /// times that are equal or seconds apart, and with times within a few microseconds.
    @ParameterizedTest
    @CsvSource({
        "1, 256, 1000000000",
        "1, 0, 1000000000",
        "20261121, 256, 1000000000",
        "1, 256, 100",
        "20261121, 256, 100",
        "20261121, 0, 100"
    })
    void walksPageByPageThroughWhatOneStoreWouldGive(long seed, int resumePoints, long step) {
        // Given: traces of up to four fragments of one span, anywhere in either store or in both,
        // of which some match; few distinct times. One store has whole microseconds only.
        var random = new SplittableRandom(seed);
        var fragments = new HashMap<FaultyStore, List<Fragment>>();
        var expected = new ArrayList<Cursor>();
        for (int i = 1; i <= 120; i++) {
            long earliest = Long.MAX_VALUE;
            boolean matches = false;
            for (int part = 1; part <= 1 + random.nextInt(4); part++) {
                boolean matching = random.nextInt(3) == 0;
                String service = matching ? "shop" : "web";
                long exact = TIME + random.nextInt(40) * step;
                long start = exact - exact % 1_000;
                int where = random.nextInt(3);
                if (where != 0) {
                    start = exact;
                    fragments
                            .computeIfAbsent(hot, _ -> new ArrayList<>())
                            .add(ofOneSpan(i, part, exact, service));
                }
                if (where != 1) {
                    fragments
                            .computeIfAbsent(cold, _ -> new ArrayList<>())
                            .add(ofOneSpan(i, part, exact - exact % 1_000, service));
                }
                earliest = Math.min(earliest, start);
                matches |= matching;
            }
            if (matches) {
                expected.add(new Cursor(earliest, trace(i)));
            }
        }
        fragments.forEach(FaultyStore::write);
        expected.sort(
                Comparator.comparingLong(Cursor::startNanos)
                        .reversed()
                        .thenComparing(Cursor::traceId));
        int limit = 1 + random.nextInt(15);
        var members = List.of(new Member("hot", hot), new Member("cold", cold));
        try (var store = new FederatedTraceStore(members, PATIENCE, false, resumePoints)) {
            // When
            var found = new ArrayList<TraceId>();
            var search = TraceSearch.builder().service("shop").limit(limit);
            var page = store.search(Tenant.DEFAULT, search.build());
            found.addAll(StoreUnderTest.ids(page.traces()));
            while (page.next().isPresent()) {
                assertThat(page.traces()).hasSize(limit);
                page = store.search(Tenant.DEFAULT, search.after(page.next().get()).build());
                found.addAll(StoreUnderTest.ids(page.traces()));
            }

            // Then
            assertThat(found)
                    .as("seed %s, limit %s", seed, limit)
                    .isEqualTo(expected.stream().map(Cursor::traceId).toList());
        }
    }

    private static Fragment ofOneSpan(int trace, int part, long start, String service) {
        return fragment(
                trace * 10L + part, span(trace(trace), part, start).resource(resource(service)));
    }

    @Test
    void goesOnWhereThePageBeforeEnded() {
        // Given
        var traces =
                IntStream.rangeClosed(1, 200)
                        .mapToObj(number -> ofOneSpan(number, 1, TIME + number * SECOND, "shop"))
                        .toList();
        hot.write(traces.subList(100, 200));
        cold.write(traces.subList(0, 100));
        try (var store = federated(PATIENCE, false)) {
            // When
            var search = TraceSearch.builder().limit(10);
            var page = store.search(Tenant.DEFAULT, search.build());
            int before = 0;
            for (int i = 0; i < 18; i++) {
                before = hot.lookups() + cold.lookups();
                page =
                        store.search(
                                Tenant.DEFAULT, search.after(page.next().orElseThrow()).build());
            }

            // Then: the last page did not look at the 180 traces before it.
            assertThat(page.traces().getLast().traceId()).isEqualTo(trace(11));
            assertThat(hot.lookups() + cold.lookups() - before).isLessThan(60);
        }
    }

    @Test
    void refusesMembersThatCannotBeToldApart() {
        assertThatThrownBy(() -> new FederatedTraceStore(List.of(), PATIENCE, false))
                .hasMessage("stores: [] (expected: at least one, each once)");
        var twice = List.of(new Member("a", hot), new Member("a", cold));
        assertThatThrownBy(() -> new FederatedTraceStore(twice, PATIENCE, false))
                .hasMessage("stores: [a, a] (expected: at least one, each once)");
        assertThatThrownBy(() -> federated(Duration.ZERO, false))
                .hasMessage("patience: PT0S (expected: above zero)");
        assertThatThrownBy(() -> new Member(" ", hot))
                .hasMessage("name: \" \" (expected: what to call the store)");
    }

    private static DependencyMinute figures(long minute, int partition, long upTo, long calls) {
        return new DependencyMinute(
                Tenant.DEFAULT,
                minute,
                partition,
                upTo,
                List.of(
                        new DependencyDelta.Entry(
                                minute,
                                new Dependency("shop", "cart", Connection.PLAIN),
                                Figures.ofCalls(calls))));
    }
}
