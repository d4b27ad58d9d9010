package dev.millrace.storage.local;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.contract.StoreUnderTest;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is damaged is set aside and named; the rest answers, and what comes next is taken in.
final class DamageTest {

    /// Each written by itself, which makes it a segment.
    private static final int TRACES = 4;

    private final Path directory;
    private final LocalStoreConfig config;
    private SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private LocalTraceStore store;

    DamageTest(@TempDir Path directory) {
        this.directory = directory;
        config =
                new LocalStoreConfig(
                        directory, Duration.ofHours(1), Duration.ofDays(7), new ByteSize(0));
        store = new LocalTraceStore(config, meters);
    }

    @BeforeEach
    void writeOneTraceToEachSegment() {
        store.start();
        for (int i = 1; i <= TRACES; i++) {
            store.write(List.of(whole(i)));
        }
        store.close();
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void aSearchGoesOnWithoutASegmentWhoseBodiesAreDamaged() throws IOException {
        // Given
        flipBodies(files(".cfs").get(1));
        reopen();

        // When, Then
        assertThat(found()).containsExactly(trace(4), trace(3), trace(1));
        assertThat(corruptSegments()).isEqualTo(1);
        assertThat(setAside()).hasSize(1);
        assertThat(found()).containsExactly(trace(4), trace(3), trace(1));
        assertThat(gauge("millrace.store.windows.corrupt")).isZero();
    }

    @Test
    void aTraceWhoseBodyIsDamagedIsNotSaidToBeWhole() throws IOException {
        // Given: half of it is in another segment
        reopen();
        store.write(List.of(fragment(9, span(trace(2), 77, TIME))));
        store.close();
        flipBodies(files(".cfs").get(1));
        reopen();

        // When, Then
        assertThatThrownBy(() -> store.trace(Tenant.DEFAULT, trace(2)))
                .isInstanceOfSatisfying(
                        StoreException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CORRUPT))
                .hasMessageContaining(trace(2).toString());
        assertThat(corruptSegments()).isEqualTo(1);
        assertThat(store.trace(Tenant.DEFAULT, trace(1))).isPresent();
    }

    @Test
    void whatWasLostIsTakenInAgain() throws IOException {
        // Given
        flipBodies(files(".cfs").get(1));
        reopen();
        assertThat(found()).hasSize(TRACES - 1);

        // When
        store.write(List.of(whole(1), whole(2), whole(5)));

        // Then
        assertThat(found()).containsExactly(trace(5), trace(4), trace(3), trace(2), trace(1));
        assertThat(meters.counter("millrace.store.fragments.duplicate").count()).isEqualTo(1);

        // And it stays so
        reopen();
        assertThat(found()).hasSize(5);
        assertThat(corruptSegments()).isZero();
    }

    @Test
    void aSegmentThatCannotBeOpenedLeavesTheOthersOfItsWindow() throws IOException {
        // Given
        Path first = files(".cfs").getFirst();
        Files.write(first, new byte[20]);
        Files.delete(files(".cfs").get(2));

        // When
        reopen();

        // Then
        assertThat(found()).containsExactly(trace(4), trace(2));
        assertThat(corruptSegments()).isEqualTo(2);
        assertThat(gauge("millrace.store.windows.corrupt")).isZero();
        assertThat(setAside().getFirst().resolve(first.getFileName())).isRegularFile();
        store.write(List.of(whole(1)));
        assertThat(store.trace(Tenant.DEFAULT, trace(1))).isPresent();
    }

    @Test
    void namesThatAreDamagedAreFoundBeforeLong() throws IOException {
        // Given
        reopen();
        store.write(List.of(fragment(9, span(trace(9), 1, TIME).resource(resource("warehouse")))));
        store.close();
        replace(files(".cfs").getLast(), "warehouse", "warehorse");
        reopen();

        // When
        store.expire(Instant.EPOCH);

        // Then
        assertThat(store.services(Tenant.DEFAULT)).containsExactly("shop");
        assertThat(corruptSegments()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void damageAnywhereCostsNoMoreThanWhatIsDamaged(long seed) throws IOException {
        // Given
        var random = new Random(seed);
        Path damaged = files("").get(random.nextInt(files("").size()));
        byte[] bytes = Files.readAllBytes(damaged);
        if (random.nextBoolean()) {
            bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        } else {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        Files.write(damaged, bytes);

        // When
        reopen();
        store.expire(Instant.EPOCH);
        store.write(LongStream.rangeClosed(1, TRACES + 1).mapToObj(DamageTest::whole).toList());

        // Then
        String what = "seed %s, %s".formatted(seed, damaged.getFileName());
        assertThat(found())
                .as(what)
                .containsExactly(trace(5), trace(4), trace(3), trace(2), trace(1));
        assertThat(store.services(Tenant.DEFAULT)).as(what).containsExactly("shop");
    }

    private List<TraceId> found() {
        return StoreUnderTest.ids(
                store.search(Tenant.DEFAULT, TraceSearch.builder().service("shop").build())
                        .traces());
    }

    private static Fragment whole(long number) {
        return fragment(number, span(trace(number), 1, TIME + number));
    }

    private void reopen() {
        store.close();
        meters = new SimpleMeterRegistry();
        store = new LocalTraceStore(config, meters);
        store.start();
    }

    private double corruptSegments() {
        return gauge("millrace.store.segments.corrupt");
    }

    private double gauge(String name) {
        return meters.get(name).gauge().value();
    }

    private List<Path> setAside() throws IOException {
        try (var paths = Files.list(directory.resolve("windows"))) {
            return paths.filter(path -> Damage.isSetAside(path.getFileName().toString())).toList();
        }
    }

    /// Of the only window; in the order they were written in.
    private List<Path> files(String ending) throws IOException {
        try (var paths = Files.walk(directory.resolve("windows"))) {
            return paths.filter(Files::isRegularFile)
                    .filter(path -> path.toString().endsWith(ending))
                    .filter(path -> !path.endsWith("write.lock"))
                    .sorted()
                    .toList();
        }
    }

    // Damages every body in a compound file: each begins with the id of its trace.
    static void flipBodies(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] id = ByteBuffer.allocate(Long.BYTES).putLong(trace(1).high()).array();
        int found = 0;
        for (int i = 0; i + 40 < bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + id.length, id, 0, id.length)) {
                bytes[i + 35] ^= 0x55;
                found++;
            }
        }
        assertThat(found).isPositive();
        Files.write(file, bytes);
    }

    // Damages what is compressed in a compound file, after the mark of each zstd frame.
    static void flipFrames(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 0; i + 8 < bytes.length; i++) {
            if (bytes[i] == 0x28
                    && bytes[i + 1] == (byte) 0xb5
                    && bytes[i + 2] == 0x2f
                    && bytes[i + 3] == (byte) 0xfd) {
                bytes[i] ^= 0x55;
            }
        }
        Files.write(file, bytes);
    }

    private static void replace(Path file, String text, String other) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] from = text.getBytes(US_ASCII);
        byte[] to = other.getBytes(US_ASCII);
        int found = 0;
        for (int i = 0; i + from.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + from.length, from, 0, from.length)) {
                System.arraycopy(to, 0, bytes, i, to.length);
                found++;
            }
        }
        assertThat(found).isPositive();
        Files.write(file, bytes);
    }
}
