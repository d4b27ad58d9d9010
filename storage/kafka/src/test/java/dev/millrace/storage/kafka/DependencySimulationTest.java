package dev.millrace.storage.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What Kafka Streams may do to a partition of figures, in any order, with its process killed
/// between any two steps: every record counts once.
class DependencySimulationTest {

    private static final TopicPartition FIGURES = new TopicPartition("figures", 0);
    private static final Duration WRITE_INTERVAL = Duration.ofSeconds(5);

    private final MockClock clock = new MockClock();
    private final DependencyStateMeters meters =
            new DependencyStateMeters(new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock));
    private final DependencyStateConfig config =
            new DependencyStateConfig(
                    FIGURES.topic(),
                    DependencyFormat.MILLRACE,
                    Duration.ofDays(1),
                    WRITE_INTERVAL,
                    25);
    private final Path disks;
    private final List<ConsumerRecord<byte[], byte[]>> log = new ArrayList<>();

    private int disk;
    private OpenPartitions here = new OpenPartitions();
    private DependencyPartition partition = created();

    /// What the group has committed: where Kafka Streams goes on, and how far a standby may come.
    private long committed;

    /// Where the task reads next: as owner from what was committed, as standby from what it has.
    private long position;

    private boolean active;

    DependencySimulationTest(@TempDir Path disks) {
        this.disks = disks;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 20_261_122})
    void countsEveryRecordOnceWhateverHappensBetweenTwoSteps(long seed) throws IOException {
        // Given
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        var traffic = new FigureTraffic(seed, 8);
        clock.add(Duration.ofMinutes(FigureTraffic.MINUTE + 20));
        open();

        for (int round = 0; round < 8; round++) {
            // When
            for (int step = 0; step < 20; step++) {
                step(random, traffic);
            }
            becomeActive();
            readTo(log.size());

            // Then
            assertThat(FigureTraffic.counted(here.all()))
                    .as("seed %s, round %s", seed, round)
                    .isEqualTo(traffic.sums());
        }
        partition.close();
        assertThat(here.all()).isEmpty();
    }

    private void step(RandomGenerator random, FigureTraffic traffic) throws IOException {
        switch (random.nextInt(16)) {
            case 0, 1, 2, 3 -> append(random, traffic);
            case 4, 5, 6, 7, 8 -> readTo(position + random.nextInt(1, 12));
            case 9 -> {
                commitState();
                maybeKilled(random);
                commitGroup();
            }
            case 10 -> {
                commitGroup();
                maybeKilled(random);
                commitState();
            }
            case 11 -> clock.add(WRITE_INTERVAL.dividedBy(random.nextInt(1, 3)));
            case 12 -> killed();
            case 13 -> {
                partition.close();
                open();
            }
            case 14 -> {
                if (active) {
                    // The same state goes on as a standby.
                    active = false;
                } else {
                    becomeActive();
                }
            }
            default -> rarely(random);
        }
    }

    private void rarely(RandomGenerator random) throws IOException {
        switch (random.nextInt(4)) {
            case 0 -> {
                // The disk is another one.
                partition.close();
                StateFiles.delete(directory());
                open();
            }
            case 1 -> {
                // The state is said to be corrupt: the same object begins anew.
                partition.commit(Map.of());
                partition.close();
                begin();
            }
            case 2 -> {
                // What the group had committed is forgotten.
                committed = 0;
                killed();
            }
            default -> clock.add(Duration.ofMinutes(4));
        }
    }

    private void append(RandomGenerator random, FigureTraffic traffic) {
        for (int i = random.nextInt(1, 15); i > 0; i--) {
            switch (random.nextInt(20)) {
                case 0 -> append(new byte[] {1}, null);
                case 1 -> append(new byte[] {1}, new byte[] {7, 7, 7});
                case 2 -> append(null, FigureTraffic.value(traffic.uncounted()));
                default -> {
                    var delta = traffic.next();
                    append(FigureTraffic.key(delta), FigureTraffic.value(delta));
                }
            }
        }
    }

    private void append(byte @Nullable [] key, byte @Nullable [] value) {
        log.add(new ConsumerRecord<>(FIGURES.topic(), FIGURES.partition(), log.size(), key, value));
    }

    // As owner to the log's end, as standby no further than the owner has committed; in restoring,
    // records without a key are left out before.
    private void readTo(long wanted) {
        long end = Math.min(wanted, active ? log.size() : committed);
        if (end <= position) {
            return;
        }
        var records = log.subList((int) position, (int) end);
        if (active) {
            for (var record : records) {
                partition.add(record.offset(), record.key(), record.value(), 0);
            }
        } else {
            partition.restore(records.stream().filter(record -> record.key() != null).toList());
        }
        position = end;
    }

    private void commitState() {
        if (position > 0) {
            partition.commit(Map.of(FIGURES, position - 1));
        }
    }

    private void commitGroup() {
        if (active) {
            committed = position;
        }
    }

    private void becomeActive() {
        if (!active) {
            readTo(committed);
            active = true;
            position = committed;
        }
    }

    private void maybeKilled(RandomGenerator random) {
        if (random.nextInt(3) == 0) {
            killed();
        }
    }

    // What it leaves is what was on the disk; what it would still have written goes elsewhere.
    private void killed() {
        Path before = directory();
        disk++;
        StateFiles.copy(before, directory());
        partition.close();
        open();
    }

    private void open() {
        here = new OpenPartitions();
        partition = created();
        begin();
    }

    private DependencyPartition created() {
        return new DependencyPartition("dependencies", config, here, meters);
    }

    private void begin() {
        var settings = new Properties();
        settings.put("application.id", "simulated");
        settings.put("bootstrap.servers", "nowhere:1");
        var context =
                new MockProcessorContext<Void, Void>(
                        settings, new TaskId(0, FIGURES.partition()), directory().toFile());
        partition.init(context.getStateStoreContext(), partition);
        @Nullable Long last = partition.committedOffset(FIGURES);
        position = last == null ? 0 : last + 1;
        active = false;
    }

    private Path directory() {
        return disks.resolve("disk-" + disk);
    }
}
