package dev.millrace.storage.local;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.model.ByteSize;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LocalDependencyStoreTest {

    private static final Tenant ACME = new Tenant("acme");
    private static final long NOON = TIME / 60_000_000_000L;

    private final Path directory;
    private SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private LocalTraceStore store;

    LocalDependencyStoreTest(@TempDir Path directory) {
        this.directory = directory;
        store = store(0);
    }

    @BeforeEach
    void open() {
        store.start();
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void givesBackWhatWasWritten() {
        // Given
        var links =
                new DependencyMinute(
                        Tenant.DEFAULT,
                        NOON,
                        3,
                        42,
                        List.of(
                                new DependencyDelta.Entry(
                                        NOON,
                                        new Dependency("shop", "cart", Connection.PLAIN),
                                        Figures.ofCalls(7)),
                                new DependencyDelta.Entry(
                                        NOON,
                                        new Operation("cart", "GET /cart", SpanKind.SERVER),
                                        Figures.ofCalls(9))));

        // When
        store.writeDependencies(List.of(links));
        reopen(0);

        // Then
        assertThat(store.dependencies(Tenant.DEFAULT, NOON, NOON + 1)).containsExactly(links);
        assertThat(store.dependencies(Tenant.DEFAULT, NOON + 1, NOON + 9)).isEmpty();
        assertThat(store.dependencies(ACME, Long.MIN_VALUE, Long.MAX_VALUE)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 20_261_121})
    void keepsWhatWasWrittenLastOfEachTenantMinuteAndPartition(long seed) {
        // Given
        record Key(Tenant tenant, long minute, int partition) {}
        var random = new Random(seed);
        var tenants = List.of(Tenant.DEFAULT, ACME, new Tenant("acme-2"), new Tenant("a"));
        Map<Key, DependencyMinute> expected = new HashMap<>();
        for (int write = 0; write < 15; write++) {
            var minutes = new ArrayList<DependencyMinute>();
            for (int i = 0; i <= random.nextInt(9); i++) {
                var minute =
                        minute(
                                tenants.get(random.nextInt(tenants.size())),
                                random.nextInt(20) == 0 ? 0 : NOON + random.nextInt(10),
                                random.nextInt(3),
                                random.nextInt(1_000_000));
                minutes.add(minute);
                expected.put(new Key(minute.tenant(), minute.minute(), minute.partition()), minute);
            }
            store.writeDependencies(minutes);
        }

        // When, Then
        for (int round = 0; round < 2; round++) {
            for (var tenant : tenants) {
                for (int i = 0; i < 10; i++) {
                    long from = random.nextInt(3) == 0 ? 0 : NOON + random.nextInt(11);
                    long to = NOON + random.nextInt(12);
                    assertThat(store.dependencies(tenant, from, to))
                            .as("seed %s, %s from %s to %s", seed, tenant, from, to)
                            .containsExactlyInAnyOrderElementsOf(
                                    expected.values().stream()
                                            .filter(minute -> minute.tenant().equals(tenant))
                                            .filter(minute ->
                                                    minute.minute() >= from && minute.minute() < to)
                                            .toList());
                }
            }
            reopen(0);
        }
    }

    @Test
    void goWithTheTracesOfTheirWindow() {
        // Given
        store.writeDependencies(
                List.of(
                        minute(ACME, 0, 0, 1),
                        minute(ACME, NOON, 0, 1),
                        minute(ACME, NOON + 60, 0, 1)));

        // When: the horizon lies in the middle of a window, then behind it
        store.expire(Instant.ofEpochSecond(NOON * 60 + 600));
        assertThat(all(ACME)).hasSize(3);
        store.expire(Instant.ofEpochSecond((NOON + 60) * 60));

        // Then: those of no minute in particular stay
        assertThat(all(ACME))
                .extracting(DependencyMinute::minute)
                .containsExactlyInAnyOrder(0L, NOON + 60);
    }

    @Test
    void goWithTheWindowsThatHaveNoRoom() {
        // Given
        store.writeDependencies(List.of(minute(ACME, NOON, 0, 1), minute(ACME, NOON + 60, 0, 1)));
        store.write(
                List.of(
                        fragment(1, span(trace(1), 1, TIME)),
                        fragment(2, span(trace(2), 1, TIME + Duration.ofHours(1).toNanos()))));
        reopen(1);

        // When
        store.expire(Instant.EPOCH);

        // Then
        assertThat(all(ACME)).extracting(DependencyMinute::minute).containsExactly(NOON + 60);
        assertThat(meters.counter("millrace.store.windows.expired", "reason", "size").count())
                .isEqualTo(1);
    }

    @Test
    void damagedFiguresAreSetAsideAndTheNextAreTakenIn() throws IOException {
        // Given
        store.writeDependencies(List.of(minute(ACME, NOON, 0, 1)));
        store.writeDependencies(List.of(minute(ACME, NOON + 1, 0, 1)));
        store.close();
        try (var files = Files.newDirectoryStream(directory.resolve("dependencies"), "*.cfs")) {
            DamageTest.flipFrames(files.iterator().next());
        }
        reopen(0);

        // When, Then
        assertThat(all(ACME)).hasSize(1);
        assertThat(meters.get("millrace.store.dependencies.corrupt").gauge().value()).isEqualTo(1);
        store.writeDependencies(List.of(minute(ACME, NOON, 0, 2), minute(ACME, NOON + 1, 0, 2)));
        assertThat(all(ACME)).extracting(DependencyMinute::upTo).containsExactly(2L, 2L);

        // And an index of which nothing is known begins anew
        store.close();
        try (var files =
                Files.newDirectoryStream(directory.resolve("dependencies"), "segments_*")) {
            for (var file : files) {
                Files.write(file, new byte[30]);
            }
        }
        reopen(0);
        assertThat(all(ACME)).isEmpty();
        store.writeDependencies(List.of(minute(ACME, NOON, 0, 3)));
        assertThat(all(ACME)).hasSize(1);
    }

    @Test
    void aPositionIsKeptWithTheFiguresAndLostWithThem() throws IOException {
        // Given: a write that tells of a position, and one that does not.
        var path = directory.resolve("figures");
        try (var figures = new DependencyIndex(path)) {
            figures.start();
            assertThat(figures.position()).isEmpty();
            figures.write(List.of(minute(ACME, NOON, 0, 1)), OptionalLong.of(7));
            figures.write(List.of(minute(ACME, NOON + 1, 0, 1)));
            figures.expire(NOON - 1);
        }

        // When, then: also where there was nothing but a position to keep.
        try (var figures = new DependencyIndex(path)) {
            figures.start();
            assertThat(figures.position()).hasValue(7);
            figures.write(List.of(), OptionalLong.of(9));
            assertThat(figures.position()).hasValue(9);
            figures.write(List.of(), OptionalLong.empty());
            assertThat(figures.position()).isEmpty();
            figures.write(List.of(), OptionalLong.of(11));
        }

        // When: one of the two minutes is damaged.
        try (var files = Files.newDirectoryStream(path, "*.cfs")) {
            DamageTest.flipFrames(files.iterator().next());
        }
        try (var figures = new DependencyIndex(path)) {
            figures.start();
            var left = figures.find(ACME, 1, Long.MAX_VALUE);

            // Then
            assertThat(left).hasSize(1);
            assertThat(figures.setAside()).isEqualTo(1);
            assertThat(figures.position()).isEmpty();
        }
    }

    private List<DependencyMinute> all(Tenant tenant) {
        return store.dependencies(tenant, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    private static DependencyMinute minute(Tenant tenant, long minute, int partition, long upTo) {
        return new DependencyMinute(
                tenant,
                minute,
                partition,
                upTo,
                List.of(
                        new DependencyDelta.Entry(
                                minute,
                                new Dependency("shop", "cart", Connection.PLAIN),
                                Figures.ofCalls(upTo))));
    }

    private void reopen(long maxBytes) {
        store.close();
        meters = new SimpleMeterRegistry();
        store = store(maxBytes);
        store.start();
    }

    private LocalTraceStore store(long maxBytes) {
        return new LocalTraceStore(
                new LocalStoreConfig(
                        directory, Duration.ofHours(1), Duration.ofDays(7), new ByteSize(maxBytes)),
                meters);
    }
}
