package dev.millrace.storage.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.Figures;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.errors.TaskCorruptedException;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.internals.OffsetCheckpoint;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A partition of figures as Kafka Streams and those who ask see it.
class DependencyPartitionTest {

    private static final TopicPartition FIGURES = new TopicPartition("figures", 3);
    private static final long MINUTE = FigureTraffic.MINUTE;

    private final MockClock clock = new MockClock();
    private final OpenPartitions here = new OpenPartitions();
    private final DependencyPartition partition =
            new DependencyPartition(
                    "dependencies",
                    new DependencyStateConfig(
                            FIGURES.topic(),
                            DependencyFormat.MILLRACE,
                            Duration.ofDays(1),
                            Duration.ofMillis(1),
                            1_000),
                    here,
                    new DependencyStateMeters(
                            new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock)));
    private final Path directory;

    DependencyPartitionTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeEach
    void open() {
        clock.add(Duration.ofMinutes(MINUTE + 60));
        init();
    }

    @AfterEach
    void close() {
        partition.close();
    }

    @Test
    void isHereFromItsOpeningUntilItsClose() {
        // When, then
        assertThat(here.find(3)).contains(partition);
        assertThat(partition.isOpen()).isTrue();
        assertThat(partition.next()).isEqualTo(-1);

        // When
        var figures = partition.contents().figures();
        partition.close();
        partition.close();

        // Then
        assertThat(here.all()).isEmpty();
        assertThat(partition.isOpen()).isFalse();
        assertThatThrownBy(() -> figures.dependencies(Tenant.DEFAULT, 0, 1))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
    }

    @Test
    void showsWhatItHasReadBeforeItIsWritten() {
        // When
        add(10, MINUTE, 5);

        // Then
        assertThat(minutes())
                .singleElement()
                .satisfies(minute -> {
                    assertThat(minute.partition()).isEqualTo(3);
                    assertThat(minute.upTo()).isEqualTo(11);
                    assertThat(calls(minute)).isEqualTo(5);
                });
        assertThat(partition.next()).isEqualTo(11);
        assertThat(partition.committedOffset(FIGURES)).isNull();
    }

    /// As Kafka Streams notes it where a log holds nothing yet.
    @Test
    void anOffsetOfNothingIsNotOnDisk() {
        // When
        commit(OffsetCheckpoint.OFFSET_UNKNOWN);
        partition.close();
        init();

        // Then
        assertThat(partition.committedOffset(FIGURES)).isNull();
        assertThat(partition.next()).isEqualTo(-1);
    }

    @Test
    void saysHowFarItIsOnDiskAndForgetsThatWhenTold() {
        // When
        add(10, MINUTE, 5);
        commit(12L);

        // Then: what lies between is no record.
        assertThat(partition.committedOffset(FIGURES)).isEqualTo(12);
        partition.close();
        init();
        assertThat(partition.committedOffset(FIGURES)).isEqualTo(12);
        assertThat(partition.next()).isEqualTo(13);

        // When
        partition.commit(Map.of());

        // Then: the figures stay, and what they were made of does not count again.
        assertThat(partition.committedOffset(FIGURES)).isNull();
        partition.close();
        init();
        add(10, MINUTE, 5);
        assertThat(minutes()).extracting(DependencyPartitionTest::calls).containsExactly(5.0);
    }

    @Test
    void damageIsMadeGoodFromTheLog() throws IOException {
        // Given: two minutes, each in files of its own.
        add(0, MINUTE, 5);
        commit(0L);
        add(1, MINUTE + 1, 7);
        commit(1L);
        partition.close();
        damageOne();
        init();

        // When: a question meets it, and records come as if there were none.
        assertThat(minutes()).hasSize(1);
        assertThatThrownBy(
                        () -> {
                            add(2, MINUTE, 1);
                            add(2, MINUTE + 1, 1);
                        })
                .isInstanceOf(TaskCorruptedException.class);
        assertThatThrownBy(() -> commit(2L)).isInstanceOf(TaskCorruptedException.class);

        // Then: all of the log is wanted.
        partition.commit(Map.of());
        partition.close();
        init();
        assertThat(partition.committedOffset(FIGURES)).isNull();

        // When
        add(0, MINUTE, 5);
        add(1, MINUTE + 1, 7);

        // Then: but for what had been added to the minute that was sound.
        assertThat(minutes().stream().mapToDouble(DependencyPartitionTest::calls).sum())
                .isBetween(12.0, 13.0);
        add(2, MINUTE, 1);
        add(2, MINUTE + 1, 1);
        assertThat(minutes())
                .extracting(DependencyPartitionTest::calls)
                .containsExactlyInAnyOrder(6.0, 8.0);
    }

    @Test
    void whoIsAskedToExpireDropsWhatIsOlder() {
        // Given
        add(0, MINUTE, 5);
        add(1, MINUTE + 30, 7);
        commit(1L);
        clock.add(Duration.ofMinutes(5));
        commit(1L);

        // When
        partition.expire(Instant.ofEpochSecond((MINUTE + 30) * 60), new ByteSize(0));

        // Then
        assertThat(minutes()).extracting(DependencyMinute::minute).containsExactly(MINUTE + 30);
    }

    @Test
    void refusesTraces() {
        assertRefused(() -> partition.contents().traces());
    }

    private static void assertRefused(ThrowingCallable question) {
        assertThatThrownBy(question)
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.NOT_SUPPORTED));
    }

    private void damageOne() throws IOException {
        try (var files = Files.newDirectoryStream(directory.resolve("dependencies"), "*.cfs")) {
            var file = files.iterator().next();
            byte[] bytes = Files.readAllBytes(file);
            for (int i = 0; i + 4 < bytes.length; i++) {
                // Where a body begins.
                if (bytes[i] == 0x28 && bytes[i + 1] == (byte) 0xb5 && bytes[i + 2] == 0x2f) {
                    bytes[i] ^= 0x55;
                }
            }
            Files.write(file, bytes);
        }
    }

    private void init() {
        var settings = new Properties();
        settings.put("application.id", "one");
        settings.put("bootstrap.servers", "nowhere:1");
        var context =
                new MockProcessorContext<Void, Void>(
                        settings, new TaskId(0, 3), directory.toFile());
        partition.init(context.getStateStoreContext(), partition);
    }

    private void add(long offset, long minute, long calls) {
        var delta =
                new DependencyDelta(
                        Tenant.DEFAULT,
                        new Origin("spans", 0, offset),
                        List.of(
                                new Entry(
                                        minute,
                                        new Dependency("shop", "cart", Connection.PLAIN),
                                        Figures.ofCalls(calls))));
        partition.add(offset, FigureTraffic.key(delta), FigureTraffic.value(delta), 0);
    }

    private void commit(long offset) {
        clock.add(Duration.ofMillis(2));
        partition.commit(Map.of(FIGURES, offset));
    }

    private List<DependencyMinute> minutes() {
        return partition.contents().figures().dependencies(Tenant.DEFAULT, 0, Long.MAX_VALUE);
    }

    private static double calls(DependencyMinute minute) {
        return minute.entries().stream().mapToDouble(entry -> entry.figures().calls()).sum();
    }
}
