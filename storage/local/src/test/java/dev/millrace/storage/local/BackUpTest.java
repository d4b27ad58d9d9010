package dev.millrace.storage.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A copy is made while the store is in use, and is a store.
final class BackUpTest {

    private final Path directory;
    private final LocalTraceStore store;

    // Enough for a dictionary; in several windows.
    private final Workload workload = new Workload(3, 2, Duration.ofSeconds(3).toNanos());
    private final List<Fragment> first = workload.next(Dictionaries.SAMPLES + 300);

    BackUpTest(@TempDir Path directory) {
        this.directory = directory;
        store = store(directory.resolve("store"));
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
    void aCopyHasAllThatWasAcknowledgedBefore() throws Exception {
        // Given
        store.write(first.subList(0, Dictionaries.SAMPLES));
        store.write(first.subList(Dictionaries.SAMPLES, first.size()));
        store.writeDependencies(List.of(new DependencyMinute(Tenant.DEFAULT, 5, 1, 7, List.of())));
        Path copy = directory.resolve("copies/monday");

        // When
        whileWriting(() -> store.backUp(copy));

        // Then: whatever becomes of the store
        store.expire(Instant.MAX);
        store.close();
        try (var restored = store(copy)) {
            restored.start();
            assertThat(first)
                    .allSatisfy(fragment ->
                            assertThat(restored.trace(Tenant.DEFAULT, fragment.traceId()))
                                    .isPresent());
            assertThat(restored.dependencies(Tenant.DEFAULT, 0, 10))
                    .singleElement()
                    .extracting(DependencyMinute::upTo)
                    .isEqualTo(7L);

            // And it goes on by itself
            restored.write(workload.next(5));
            restored.write(first.subList(0, 5));
        }
    }

    @Test
    void aCopyIsMadeForWhoeverAsksWithAFile() throws IOException {
        // Given
        store.write(first.subList(0, 10));
        Path backups = Files.createDirectories(directory.resolve("store/backups"));
        Path request = Files.createFile(backups.resolve("tuesday.request"));

        // When
        store.expire(Instant.EPOCH);

        // Then
        assertThat(request).doesNotExist();
        try (var restored = store(backups.resolve("tuesday"))) {
            restored.start();
            assertThat(restored.trace(Tenant.DEFAULT, first.getFirst().traceId())).isPresent();
        }
    }

    @Test
    void aCopyDoesNotReplaceWhatIsThere() throws IOException {
        // Given
        Path there = Files.createDirectory(directory.resolve("there"));

        // When, Then
        assertThatThrownBy(() -> store.backUp(there))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(there + " exists");
    }

    private void whileWriting(Runnable what) {
        var done = new AtomicBoolean();
        var writing =
                CompletableFuture.runAsync(() -> {
                    while (!done.get()) {
                        store.write(workload.next(3));
                    }
                });
        try {
            what.run();
        } finally {
            done.set(true);
            writing.join();
        }
    }

    private static LocalTraceStore store(Path directory) {
        return new LocalTraceStore(
                new LocalStoreConfig(
                        directory, Duration.ofHours(1), Duration.ofDays(1), new ByteSize(0)),
                new SimpleMeterRegistry());
    }
}
