package dev.millrace.storage.local;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceSearch;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.FSDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LocalTraceStoreTest {

    private static final Duration WINDOW = Duration.ofHours(1);

    private final Path directory;
    private SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private LocalTraceStore store;

    LocalTraceStoreTest(@TempDir Path directory) {
        this.directory = directory;
        store = new LocalTraceStore(config(0), meters);
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
    void setsADamagedWindowAsideAndGoesOnWithTheOthers() throws IOException {
        // Given
        store.write(List.of(inWindow(0), inWindow(1)));
        store.close();
        Path damaged = windows().getFirst();
        damage(damaged, "segments_");

        // When
        reopen(0);

        // Then
        assertThat(store.trace(Tenant.DEFAULT, trace(1))).isEmpty();
        assertThat(store.trace(Tenant.DEFAULT, trace(2))).isPresent();
        assertThat(gauge("millrace.store.windows.corrupt")).isEqualTo(1);
        assertThat(damaged).doesNotExist();
        assertThat(damaged.resolveSibling(damaged.getFileName() + ".corrupt-1")).isDirectory();

        // And the next data for it begins a new one
        store.write(List.of(inWindow(0)));
        assertThat(store.trace(Tenant.DEFAULT, trace(1))).isPresent();
    }

    @Test
    void setsAWindowAsideWhoseIndexIsGone() throws IOException {
        // Given
        store.write(List.of(inWindow(0)));
        store.close();
        try (var files = Files.newDirectoryStream(windows().getFirst(), "segments_*")) {
            for (var file : files) {
                Files.delete(file);
            }
        }

        // When
        reopen(0);

        // Then
        assertThat(gauge("millrace.store.windows.corrupt")).isEqualTo(1);
        assertThat(store.services(Tenant.DEFAULT)).isEmpty();
    }

    @Test
    void setsPartsOfAWindowAsideThatTurnOutDamagedWhileItIsWritten() throws IOException {
        // Given
        for (int i = 0; i < 5; i++) {
            store.write(List.of(fragment(i, span(trace(i + 1), 1, TIME + i))));
        }
        store.close();
        flipBytes(windows().getFirst());
        reopen(0);

        // When: merging finds the damage, at a moment of its own choosing
        int next = 5;
        while (gauge("millrace.store.segments.corrupt") < 5 && next < 2_000) {
            store.write(List.of(fragment(next, span(trace(next + 1), 1, TIME + next))));
            next++;
        }

        // Then
        assertThat(gauge("millrace.store.segments.corrupt")).isEqualTo(5);
        assertThat(store.trace(Tenant.DEFAULT, trace(next))).isPresent();
        assertThat(store.trace(Tenant.DEFAULT, trace(6))).isPresent();
        assertThat(store.trace(Tenant.DEFAULT, trace(1))).isEmpty();
    }

    @Test
    void saysThatABodyIsDamaged() throws IOException {
        // Given
        store.write(List.of(inWindow(0), inWindow(1)));
        store.close();
        flipBytes(windows().getFirst());

        // When
        reopen(0);

        // Then
        assertFails(Kind.CORRUPT, () -> store.trace(Tenant.DEFAULT, trace(1)), "trace " + trace(1));
        assertThat(store.trace(Tenant.DEFAULT, trace(2))).isPresent();
    }

    @Test
    void tellsTracesWithTheSameLowerHalfOfTheirIdsApart() {
        // Given
        var other = new TraceId(7, trace(1).low());
        store.write(
                List.of(fragment(0, span(trace(1), 1, TIME)), fragment(1, span(other, 2, TIME))));

        // When, Then
        assertThat(store.trace(Tenant.DEFAULT, other).orElseThrow().spans()).hasSize(1);
        assertThat(store.trace(Tenant.DEFAULT, new TraceId(8, trace(1).low()))).isEmpty();
        assertThat(store.search(Tenant.DEFAULT, TraceSearch.builder().build()).traces()).hasSize(2);
    }

    @Test
    void refusesADirectoryThatIsInUse() {
        // Given
        var second = new LocalTraceStore(config(0), new SimpleMeterRegistry());

        // When, Then
        assertThatThrownBy(second::start)
                .isInstanceOfSatisfying(
                        StoreException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(Kind.UNAVAILABLE))
                .hasMessageContaining(directory.toString())
                .hasMessageContaining("in use");
        second.close();

        // And takes it when it is free
        store.close();
        second = new LocalTraceStore(config(0), new SimpleMeterRegistry());
        second.start();
        second.close();
    }

    @Test
    void refusesAnotherWindowThanTheDirectoryWasMadeWith() {
        // Given
        store.close();
        var other =
                new LocalTraceStore(
                        new LocalStoreConfig(
                                directory,
                                Duration.ofHours(2),
                                Duration.ofDays(1),
                                new ByteSize(0)),
                        meters);

        // When, Then
        assertThatThrownBy(other::start)
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("PT1H")
                .hasMessageContaining("PT2H");
    }

    @Test
    void refusesToAnswerWhenItIsNotOpen() {
        // Given
        store.close();

        // When, Then
        assertFails(Kind.UNAVAILABLE, () -> store.trace(Tenant.DEFAULT, trace(1)), "not open");
        assertFails(Kind.UNAVAILABLE, () -> store.write(List.of(inWindow(0))), "not open");
    }

    @Test
    void refusesABodyThatIsNotOtlpNamingTheFragment() {
        // Given
        var id = new FragmentId("spans", 3, 14);
        var garbage = new Fragment(id, Tenant.DEFAULT, trace(1), Slice.of(new byte[] {10, 100, 1}));
        var empty = new Fragment(id, Tenant.DEFAULT, trace(1), Slice.EMPTY);

        // When, Then
        assertFails(Kind.INVALID_REQUEST, () -> store.write(List.of(garbage)), "spans-3@14");
        assertFails(Kind.INVALID_REQUEST, () -> store.write(List.of(empty)), "no spans");
    }

    @Test
    void refusesASearchThatLooksAtTooMuch() {
        // Given: the two halves of the condition are never on one span
        store.close();
        store = new LocalTraceStore(config(0), meters, 10);
        store.start();
        store.write(
                IntStream.rangeClosed(1, 11)
                        .mapToObj(i ->
                                fragment(
                                        i,
                                        span(trace(i), 1, TIME + 9),
                                        span(trace(i), 2, TIME).time(TIME, TIME + 1).name("other")))
                        .toList());
        var search =
                TraceSearch.builder().service("shop").operation("other").start(TIME + 5, TIME + 9);

        // When, Then
        assertFails(
                Kind.OVER_CAPACITY,
                () -> store.search(Tenant.DEFAULT, search.build()),
                "looked at 10 fragments");
    }

    @Test
    void dropsTheOldestWindowsWhenThereAreMoreBytesThanAllowed() {
        // Given
        store.write(List.of(inWindow(0), inWindow(1), inWindow(2)));
        long bytes = (long) gauge("millrace.store.bytes");
        reopen(bytes - 1);

        // When
        var dropped = store.expire(Instant.EPOCH);

        // Then
        assertThat(dropped).isEqualTo(new Expired(0, 1));
        assertThat(meters.counter("millrace.store.windows.expired", "reason", "size").count())
                .isEqualTo(1);
        assertThat(store.trace(Tenant.DEFAULT, trace(1))).isEmpty();
        assertThat(store.trace(Tenant.DEFAULT, trace(2))).isPresent();
        assertThat(store.trace(Tenant.DEFAULT, trace(3))).isPresent();
    }

    @Test
    void boundsTheWindowsOpenForWriting() {
        // Given
        var fragments =
                IntStream.range(0, 3 * Windows.MAX_WRITING)
                        .mapToObj(LocalTraceStoreTest::inWindow)
                        .toList();

        // When
        store.write(fragments);

        // Then
        assertThat(gauge("millrace.store.windows.writing")).isEqualTo(Windows.MAX_WRITING);
        for (int i = 0; i < fragments.size(); i++) {
            assertThat(store.trace(Tenant.DEFAULT, trace(i + 1))).isPresent();
        }
    }

    @Test
    void closesTheWritersOfWindowsThatGotNothingSinceTheLastExpiry() {
        // Given
        store.write(List.of(inWindow(0), inWindow(1)));
        store.expire(Instant.EPOCH);
        store.write(List.of(inWindow(1)));

        // When
        store.expire(Instant.EPOCH);

        // Then
        assertThat(gauge("millrace.store.windows.writing")).isEqualTo(1);

        // And late data opens one again
        store.write(List.of(inWindow(0), fragment(99, span(trace(99), 1, TIME))));
        assertThat(store.trace(Tenant.DEFAULT, trace(99))).isPresent();
        assertThat(meters.counter("millrace.store.fragments").count()).isEqualTo(3);
        assertThat(meters.counter("millrace.store.fragments.duplicate").count()).isEqualTo(2);
    }

    @Test
    void keepsNoFilesInAClosedWindowThatItDoesNotNeed() throws IOException {
        // Given: enough writes for segments to be merged while they are read
        for (int i = 0; i < 30; i++) {
            store.write(List.of(fragment(i, span(trace(i + 1), 1, TIME + i))));
        }

        // When
        store.expire(Instant.EPOCH);
        store.expire(Instant.EPOCH);

        // Then
        assertThat(gauge("millrace.store.windows.writing")).isZero();
        assertNoLeftOvers();

        // And what a crash has left goes at the start
        Files.write(windows().getFirst().resolve("_zz.cfs"), new byte[10]);
        reopen(0);
        assertNoLeftOvers();
        assertThat(store.trace(Tenant.DEFAULT, trace(30))).isPresent();
    }

    private void assertNoLeftOvers() throws IOException {
        Path window = windows().getFirst();
        try (var index = FSDirectory.open(window);
                var files = Files.list(window)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .filteredOn(name -> !name.equals("write.lock"))
                    .containsExactlyInAnyOrderElementsOf(
                            SegmentInfos.readLatestCommit(index).files(true));
        }
    }

    @Test
    void staysUsableWhenAWritingThreadIsInterrupted() {
        // Given
        store.write(List.of(inWindow(0)));

        // When
        Thread.currentThread().interrupt();
        try {
            store.write(List.of(inWindow(1), fragment(50, span(trace(50), 1, TIME))));
        } catch (StoreException e) {
            assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE);
        }
        boolean interrupted = Thread.interrupted();
        store.write(List.of(inWindow(1), fragment(50, span(trace(50), 1, TIME))));

        // Then
        assertThat(interrupted).isTrue();
        assertThat(store.trace(Tenant.DEFAULT, trace(1))).isPresent();
        assertThat(store.trace(Tenant.DEFAULT, trace(2))).isPresent();
        assertThat(store.trace(Tenant.DEFAULT, trace(50))).isPresent();
    }

    @Test
    void compressesWithADictionaryTrainedOnTheFirstBodies() throws IOException {
        // Given
        var workload = new Workload(1, 4, 1_000_000);
        var samples = workload.next(Dictionaries.SAMPLES);
        var later = workload.next(200);

        // When
        store.write(samples);
        store.write(later);

        // Then
        try (var files = Files.list(directory.resolve("dictionaries"))) {
            assertThat(files).hasSize(1);
        }
        reopen(0);
        store.expire(Instant.EPOCH);
        store.expire(Instant.EPOCH);
        assertThat(samples).allSatisfy(this::isReadable);
        assertThat(later).allSatisfy(this::isReadable);
    }

    private void isReadable(Fragment fragment) {
        assertThat(store.trace(Tenant.DEFAULT, fragment.traceId()))
                .hasValueSatisfying(
                        trace -> assertThat(trace.spans()).hasSize(Workload.SPANS_PER_FRAGMENT));
    }

    private LocalStoreConfig config(long maxBytes) {
        return new LocalStoreConfig(directory, WINDOW, Duration.ofDays(7), new ByteSize(maxBytes));
    }

    private void reopen(long maxBytes) {
        store.close();
        meters = new SimpleMeterRegistry();
        store = new LocalTraceStore(config(maxBytes), meters);
        store.start();
    }

    // The trace with number + 1, in the window of that number.
    private static Fragment inWindow(int number) {
        return fragment(number, span(trace(number + 1L), 1, TIME + number * WINDOW.toNanos()));
    }

    private double gauge(String name) {
        return meters.get(name).gauge().value();
    }

    private List<Path> windows() throws IOException {
        var paths = new ArrayList<Path>();
        try (var entries = Files.newDirectoryStream(directory.resolve("windows"))) {
            entries.forEach(paths::add);
        }
        paths.sort(null);
        return paths;
    }

    private static void damage(Path window, String prefix) throws IOException {
        try (var files = Files.newDirectoryStream(window, prefix + "*")) {
            for (var file : files) {
                Files.write(file, new byte[40], StandardOpenOption.TRUNCATE_EXISTING);
            }
        }
    }

    private static void flipBytes(Path window) throws IOException {
        try (var files = Files.newDirectoryStream(window, "*.cfs")) {
            for (var file : files) {
                DamageTest.flipBodies(file);
            }
        }
    }

    private static void assertFails(Kind kind, Runnable question, String message) {
        assertThatThrownBy(question::run)
                .isInstanceOfSatisfying(
                        StoreException.class, failure -> assertThat(failure.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }
}
