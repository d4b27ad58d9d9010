package dev.millrace.agent.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.agent.spool.SpoolObserver.Reason;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.testkit.FakeClock;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A spool on a real disk, closed or left as a crash leaves it.
final class SpoolTest {

    private static final int ANY = 1 << 20;
    private static final SpoolLimits ROOMY =
            new SpoolLimits(ByteSize.ofMebibytes(64), Duration.ofHours(1));
    private static final SpoolLimits NARROW =
            new SpoolLimits(ByteSize.ofMebibytes(1), Duration.ofHours(1));

    @TempDir private Path directory;

    private final FakeClock clock = new FakeClock(Instant.parse("2026-01-01T00:00:00Z"));
    private final Heard heard = new Heard();
    private final List<Spool> opened = new ArrayList<>();

    /// What a spool has told.
    private static final class Heard implements SpoolObserver {
        private int droppedForSize;
        private int droppedForAge;
        private long torn;
        private final List<String> setAside = new ArrayList<>();
        private final List<String> troubles = new ArrayList<>();

        @Override
        public void dropped(Reason reason, int spans) {
            if (reason == Reason.SIZE) {
                droppedForSize += spans;
            } else {
                droppedForAge += spans;
            }
        }

        @Override
        public void setAside(Path file, long offset, long bytes, String found) {
            setAside.add(file.getFileName() + " at " + offset + ": " + found);
        }

        @Override
        public void torn(Path file, long bytes) {
            torn += bytes;
        }

        @Override
        public void troubled(String what, IOException cause) {
            troubles.add(what);
        }
    }

    private Spool open(SpoolLimits limits) throws IOException {
        var spool = new Spool(directory, limits, clock, heard);
        opened.add(spool);
        spool.open();
        return spool;
    }

    /// Leaves the files as a crash would: nothing is tidied up, and the lock is gone.
    private Spool crashed(Spool spool, SpoolLimits limits) throws IOException {
        spool.close();
        return open(limits);
    }

    @AfterEach
    void close() {
        opened.forEach(Spool::close);
    }

    private static Parcel parcel(String text) {
        return parcel(Tenant.DEFAULT, text);
    }

    private static Parcel parcel(Tenant tenant, String text) {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        return new Parcel(tenant, Packing.IDENTITY, 1, body.length, Slice.of(body));
    }

    private static List<String> drain(Spool spool) throws IOException {
        var texts = new ArrayList<String>();
        for (var haul = spool.next(1, 1); haul != null; haul = spool.next(1, 1)) {
            texts.add(haul.parcel().body().toText());
            spool.done(haul);
        }
        return texts;
    }

    private static Haul next(Spool spool) throws IOException {
        return Objects.requireNonNull(spool.next(ANY, ANY));
    }

    private List<Path> files(String end) throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(end)).sorted().toList();
        }
    }

    @Test
    void parcelsLeaveInTheirOrderAcrossRestarts() throws Exception {
        // Given
        var spool = open(ROOMY);
        spool.append(List.of(parcel("a"), parcel("b")));
        spool = crashed(spool, ROOMY);
        spool.append(List.of(parcel("c")));
        spool = crashed(spool, ROOMY);

        // When
        var texts = drain(spool);

        // Then
        assertThat(texts).containsExactly("a", "b", "c");
        assertThat(spool.isEmpty()).isTrue();
    }

    @Test
    void whatIsDoneDoesNotComeAgain() throws Exception {
        // Given
        var spool = open(ROOMY);
        spool.append(List.of(parcel("a"), parcel("b")));
        spool.done(Objects.requireNonNull(spool.next(1, 1)));

        // When
        spool = crashed(spool, ROOMY);

        // Then
        assertThat(drain(spool)).containsExactly("b");
    }

    @Test
    void whatWasGivenOutAndIsNotDoneComesAgain() throws Exception {
        // Given
        var spool = open(ROOMY);
        spool.append(List.of(parcel("a")));
        var _ = next(spool);

        // When
        spool = crashed(spool, ROOMY);

        // Then
        assertThat(drain(spool)).containsExactly("a");
    }

    @Test
    void parcelsOfOneTenantAreJoinedUpToASize() throws Exception {
        // Given
        var other = new Tenant("other");
        var spool = open(ROOMY);
        spool.append(List.of(parcel("aa"), parcel("bb"), parcel("cc"), parcel(other, "dd")));

        // When
        var hauls = new ArrayList<String>();
        for (var haul = spool.next(4, ANY); haul != null; haul = spool.next(4, ANY)) {
            var parcel = haul.parcel();
            hauls.add(parcel.tenant() + " " + parcel.spans() + " " + parcel.body().toText());
            spool.done(haul);
        }

        // Then
        assertThat(hauls).containsExactly("default 2 aabb", "default 1 cc", "other 1 dd");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 9, 20, 33})
    void aFrameThatWasNotWrittenToItsEndIsLeftOut(int bytes) throws Exception {
        // Given
        var spool = open(ROOMY);
        spool.append(List.of(parcel("kept"), parcel("torn")));
        spool.close();
        var segment = files(".segment").getFirst();
        try (var file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.setLength(file.length() - bytes);
        }

        // When
        spool = open(ROOMY);

        // Then
        assertThat(drain(spool)).containsExactly("kept");
        assertThat(heard.torn).isPositive();
        assertThat(heard.setAside).isEmpty();
        assertThat(files(".segment")).isEmpty();
    }

    @Test
    void zerosAtTheEndAreNoFrame() throws Exception {
        // Given
        var spool = open(ROOMY);
        spool.append(List.of(parcel("kept")));
        spool.close();
        Files.write(files(".segment").getFirst(), new byte[4096], StandardOpenOption.APPEND);

        // When
        spool = open(ROOMY);

        // Then
        assertThat(drain(spool)).containsExactly("kept");
        assertThat(heard.torn).isEqualTo(4096);
    }

    @Test
    void aSegmentThatIsNotReadableIsPutAsideAndNamedAndTheNextFollows() throws Exception {
        // Given
        var spool = open(ROOMY);
        spool.append(List.of(parcel("before"), parcel("broken"), parcel("behind")));
        spool = crashed(spool, ROOMY);
        spool.append(List.of(parcel("next")));
        spool.close();
        var segment = files(".segment").getFirst();
        byte[] bytes = Files.readAllBytes(segment);
        int place = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("broken");
        bytes[place] ^= 1;
        Files.write(segment, bytes);

        // When
        spool = open(ROOMY);
        var texts = drain(spool);

        // Then
        assertThat(texts).containsExactly("before", "next");
        assertThat(heard.setAside)
                .singleElement()
                .asString()
                .startsWith(segment.getFileName() + ".corrupt at ")
                .endsWith("a checksum that does not match");
        assertThat(files(".corrupt")).hasSize(1);
        assertThat(Files.readAllBytes(files(".corrupt").getFirst())).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 20_260_821})
    void whateverHappensToASegmentTheOthersAreRead(long seed) throws Exception {
        // Given
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        var spool = open(ROOMY);
        spool.append(IntStream.range(0, 20).mapToObj(i -> parcel("first " + i)).toList());
        spool = crashed(spool, ROOMY);
        spool.append(List.of(parcel("second")));
        spool.close();
        var segment = files(".segment").getFirst();
        byte[] bytes = Files.readAllBytes(segment);
        for (int i = 0; i < 5; i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        Files.write(segment, bytes);

        // When
        spool = open(ROOMY);
        var texts = drain(spool);

        // Then
        assertThat(texts).as("seed %s", seed).endsWith("second");
        var first = texts.subList(0, texts.size() - 1);
        assertThat(first)
                .as("seed %s", seed)
                .isEqualTo(IntStream.range(0, first.size()).mapToObj(i -> "first " + i).toList());
    }

    @Test
    void aCursorThatIsNotReadableMeansTheBeginning() throws Exception {
        // Given
        var spool = open(ROOMY);
        spool.append(List.of(parcel("a"), parcel("b")));
        spool.done(Objects.requireNonNull(spool.next(1, 1)));
        spool.close();
        Files.write(directory.resolve("cursor"), new byte[] {1, 2, 3});

        // When
        spool = open(ROOMY);

        // Then
        assertThat(drain(spool)).containsExactly("a", "b");
    }

    @Test
    void theOldestMakeRoomAndAreCounted() throws Exception {
        // Given
        var spool = open(NARROW);
        String body = "x".repeat(30_000);

        // When
        for (int i = 0; i < 100; i++) {
            spool.append(List.of(parcel("%06d%s".formatted(i, body))));
        }

        // Then
        assertThat(spool.bytes()).isLessThanOrEqualTo(NARROW.bytes().bytes());
        var left = drain(spool);
        assertThat(left.getLast()).startsWith("000099");
        assertThat(left.getFirst()).startsWith("%06d".formatted(100 - left.size()));
        assertThat(left.size() + heard.droppedForSize).isEqualTo(100);
        assertThat(left).hasSizeGreaterThan(25);
    }

    @Test
    void whatIsOnItsWayIsNotCountedAsDroppedUnlessItComesBack() throws Exception {
        // Given
        var spool = open(NARROW);
        spool.append(List.of(parcel("on its way")));
        var haul = next(spool);
        String body = "x".repeat(100_000);
        for (int i = 0; i < 30; i++) {
            spool.append(List.of(parcel(body)));
        }
        int dropped = heard.droppedForSize;

        // When
        spool.release(haul);

        // Then
        assertThat(heard.droppedForSize).isEqualTo(dropped + 1);
        assertThat(heard.droppedForSize + drain(spool).size()).isEqualTo(31);
    }

    @Test
    void whatIsTooOldIsDroppedAndCounted() throws Exception {
        // Given
        var spool = open(ROOMY);
        spool.append(List.of(parcel("old"), parcel("old too")));
        clock.advance(Duration.ofMinutes(50));
        spool.append(List.of(parcel("young")));
        clock.advance(Duration.ofMinutes(20));

        // When
        spool.expire();

        // Then
        assertThat(heard.droppedForAge).isEqualTo(2);
        assertThat(drain(spool)).containsExactly("young");
    }

    @Test
    void aSegmentPutAsideIsTheFirstToMakeRoom() throws Exception {
        // Given
        Files.write(directory.resolve("0000000000000000001.segment.corrupt"), new byte[900_000]);
        var spool = open(NARROW);

        // When
        spool.append(List.of(parcel("x".repeat(200_000))));

        // Then
        assertThat(files(".corrupt")).isEmpty();
        assertThat(heard.droppedForSize).isZero();
    }

    @Test
    void filesDoNotPileUpWhereEverythingLeaves() throws Exception {
        // Given
        var spool = open(NARROW);

        // When
        for (int i = 0; i < 50; i++) {
            spool.append(List.of(parcel("x".repeat(100_000))));
            spool.done(next(spool));
        }

        // Then
        assertThat(files(".segment")).hasSizeLessThanOrEqualTo(1);
        assertThat(heard.droppedForSize).isZero();
        assertThat(spool.bytes()).isZero();
    }

    @Test
    void aParcelLargerThanTheSpoolIsRefused() throws Exception {
        // Given
        var spool = open(NARROW);

        // Then
        assertThatThrownBy(() -> spool.append(List.of(parcel("x".repeat(2_000_000)))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("(expected: at most 1MiB)");
        assertThat(spool.isEmpty()).isTrue();
    }

    @Test
    void twoProcessesCannotHaveOneDirectory() throws Exception {
        // Given
        var _ = open(ROOMY);

        // Then
        assertThatThrownBy(() -> open(ROOMY))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        directory
                                + ": another process has it (expected: a directory for each agent)");
    }
}
