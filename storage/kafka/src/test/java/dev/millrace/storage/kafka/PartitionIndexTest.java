package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.trace;
import static dev.millrace.storage.kafka.Records.at;
import static dev.millrace.storage.kafka.Records.headers;
import static dev.millrace.storage.kafka.Records.key;
import static dev.millrace.storage.kafka.Records.span;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.Samples;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.internals.OffsetCheckpoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PartitionIndexTest {

    private static final String TOPIC = "spans";
    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);
    private static final int FILLERS = 30;

    private final Path directory;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final OpenPartitions open = new OpenPartitions();
    private final IndexRules rules;
    private PartitionIndex index;

    PartitionIndexTest(@TempDir Path directory) {
        this.directory = directory;
        rules = Stores.rules(Stores.config(TOPIC, directory), open, registry);
        index = opened(0);
    }

    @AfterEach
    void close() {
        index.close();
    }

    @Test
    void openingReadsTheOffsetAndNothingElse() {
        assertThat(index.isOpen()).isTrue();
        assertThat(index.committedOffset(PARTITION)).isNull();
        assertThat(directory.resolve("0_0/traces")).isEmptyDirectory();
    }

    @Test
    void whatIsCommittedIsThereAfterARestart() {
        // Given
        index.apply(at(TOPIC, 4, span(trace(1), 1)));
        index.commit(Map.of(PARTITION, 4L));

        // When
        restart();

        // Then
        assertThat(index.committedOffset(PARTITION)).isEqualTo(4);
        assertThat(open.find(0).orElseThrow().next()).isEqualTo(5);
        assertThat(spansOf(trace(1))).isEqualTo(1);
    }

    /// As Kafka Streams notes it where a log holds nothing yet.
    @Test
    void anOffsetOfNothingIsNotCommitted() {
        // When
        index.commit(Map.of(PARTITION, OffsetCheckpoint.OFFSET_UNKNOWN));
        restart();

        // Then
        assertThat(index.committedOffset(PARTITION)).isNull();
        assertThat(open.find(0).orElseThrow().next()).isEqualTo(-1);
    }

    @Test
    void aCrashBetweenWriteAndCommitIsReadAgainAndChangesNothing() {
        // Given
        index.apply(at(TOPIC, 0, span(trace(1), 1)));
        index.commit(Map.of(PARTITION, 0L));
        index.apply(at(TOPIC, 1, span(trace(1), 2)));
        fill(2);
        long before = version(trace(1));
        index.apply(at(TOPIC, 40, span(trace(1), 3)));

        // When
        restart();
        var offset = index.committedOffset(PARTITION);
        index.restore(List.of(at(TOPIC, 1, span(trace(1), 2)), at(TOPIC, 40, span(trace(1), 3))));
        index.commit(Map.of(PARTITION, 40L));

        // Then
        assertThat(offset).isZero();
        assertThat(before).as("written before the crash").isEqualTo(2);
        assertThat(version(trace(1))).isEqualTo(3);
        assertThat(spansOf(trace(1))).isEqualTo(3);
    }

    @Test
    void theRestoreCallbackAndTheProcessorMakeTheSameState() {
        // Given
        var log =
                List.of(
                        at(TOPIC, 0, span(trace(1), 1), span(trace(1), 2)),
                        at(TOPIC, 1, key(trace(2)), new byte[] {1}, headers()),
                        at(TOPIC, 2, key(trace(2)), value(2), headers("tenant", "acme")));
        log.forEach(index::apply);
        index.commit(Map.of(PARTITION, 2L));

        // When
        var restored = opened(1);
        restored.restore(log);
        restored.commit(Map.of(PARTITION, 2L));

        // Then
        var copy = open.find(1).orElseThrow().contents().traces();
        assertThat(copy.trace(Tenant.DEFAULT, trace(1)))
                .isPresent()
                .isEqualTo(store().trace(Tenant.DEFAULT, trace(1)));
        assertThat(copy.trace(new Tenant("acme"), trace(2)))
                .isPresent()
                .isEqualTo(store().trace(new Tenant("acme"), trace(2)));
        assertThat(registry.get("millrace.store.kafka.restored").counter().count()).isEqualTo(3);
        restored.close();
    }

    @Test
    void anEmptyCommitForgetsTheOffsetAndKeepsWhatThereIs() {
        // Given
        index.apply(at(TOPIC, 0, span(trace(1), 1)));
        index.commit(Map.of(PARTITION, 0L));

        // When
        index.commit(Map.of());
        index.close();
        index.init(context(0), index);

        // Then
        assertThat(index.committedOffset(PARTITION)).isNull();
        assertThat(spansOf(trace(1))).isEqualTo(1);
        index.restore(List.of(at(TOPIC, 0, span(trace(1), 1)), at(TOPIC, 1, span(trace(1), 2))));
        index.commit(Map.of(PARTITION, 1L));
        assertThat(version(trace(1))).isEqualTo(2);
        assertThat(index.committedOffset(PARTITION)).isEqualTo(1);
    }

    // Kafka's types do not say that it may be null.
    @Test
    @SuppressWarnings("NullAway")
    void anOffsetThatIsNullIsForgotten() {
        // Given
        index.commit(Map.of(PARTITION, 7L));

        // When
        var none = new HashMap<TopicPartition, Long>();
        none.put(PARTITION, null);
        index.commit(none);

        // Then
        assertThat(index.committedOffset(PARTITION)).isNull();
    }

    @Test
    void aCommittedOffsetIsNeverAheadOfWhatIsDurable() throws IOException {
        // Given
        Files.writeString(directory.resolve("0_0/traces/index"), "in the way");
        index.apply(at(TOPIC, 0, span(trace(1), 1)));

        // When
        assertThatThrownBy(() -> index.commit(Map.of(PARTITION, 0L)))
                .isInstanceOf(StoreException.class);

        // Then
        assertThat(index.committedOffset(PARTITION)).isNull();
        Files.delete(directory.resolve("0_0/traces/index"));
        index.commit(Map.of(PARTITION, 0L));
        assertThat(index.committedOffset(PARTITION)).isZero();
        assertThat(spansOf(trace(1))).isEqualTo(1);
    }

    @Test
    void anOffsetThatCannotBeReadMeansFromTheBeginning() throws IOException {
        // Given
        index.apply(at(TOPIC, 0, span(trace(1), 1)));
        index.commit(Map.of(PARTITION, 0L));
        Files.writeString(directory.resolve("0_0/traces/offsets"), "half a li");

        // When
        restart();

        // Then
        assertThat(index.committedOffset(PARTITION)).isNull();
        assertThat(spansOf(trace(1))).isEqualTo(1);
    }

    @Test
    void whatIsDamagedComesBackFromTheTopic() throws IOException {
        // Given
        index.apply(at(TOPIC, 0, span(trace(1), 1)));
        index.commit(Map.of(PARTITION, 0L));
        index.close();
        try (var files = Files.walk(directory.resolve("0_0/traces/index/windows"))) {
            for (var file : files.filter(PartitionIndexTest::isListOfSegments).toList()) {
                Files.writeString(file, "damaged");
            }
        }

        // When
        index = opened(0);
        boolean lost = store().trace(Tenant.DEFAULT, trace(1)).isEmpty();
        index.apply(at(TOPIC, 1, span(trace(2), 1)));
        index.commit(Map.of(PARTITION, 1L));
        restart();
        var offset = index.committedOffset(PARTITION);
        index.restore(List.of(at(TOPIC, 0, span(trace(1), 1)), at(TOPIC, 1, span(trace(2), 1))));
        index.commit(Map.of(PARTITION, 1L));

        // Then
        assertThat(lost).isTrue();
        assertThat(offset).isNull();
        assertThat(spansOf(trace(1))).isEqualTo(1);
        assertThat(version(trace(2))).isEqualTo(1);
        assertThat(index.committedOffset(PARTITION)).isEqualTo(1);
    }

    private static boolean isListOfSegments(Path file) {
        return file.getFileName().toString().startsWith("segments_");
    }

    @Test
    void holdsNoMoreInMemoryThanItMay() {
        // When
        fill(0);

        // Then
        int written = 0;
        for (int i = 0; i < FILLERS; i++) {
            written += store().trace(Tenant.DEFAULT, trace(1_000 + i)).isPresent() ? 1 : 0;
        }
        assertThat(written).isBetween(FILLERS / 2, FILLERS);
    }

    @Test
    void oneFragmentThatIsRefusedTakesNoOthersWithIt() {
        // When
        for (int i = 0; i < 20; i++) {
            index.apply(at(TOPIC, i, span(trace(i + 1), 1)));
        }
        index.apply(at(TOPIC, 20, key(trace(21)), Records.malformedWithin(trace(21)), headers()));
        index.apply(at(TOPIC, 21, span(trace(22), 1)));
        index.commit(Map.of(PARTITION, 21L));

        // Then
        for (int i = 0; i < 20; i++) {
            assertThat(spansOf(trace(i + 1))).isEqualTo(1);
        }
        assertThat(spansOf(trace(22))).isEqualTo(1);
        assertThat(
                        registry.get("millrace.store.kafka.unreadable")
                                .tag("reason", "value")
                                .counter()
                                .count())
                .isEqualTo(1);
        assertThat(index.committedOffset(PARTITION)).isEqualTo(21);
    }

    @Test
    void dropsWholeWindowsByAgeAndItsShareOfTheBytes() {
        // Given
        for (int hour = 0; hour < 6; hour++) {
            var late = Samples.span(trace(hour + 1), 1, TIME + hour * 3_600L * SECOND).build();
            index.apply(at(TOPIC, hour, late));
        }
        index.commit(Map.of(PARTITION, 5L));
        var partition = open.find(0).orElseThrow();
        var start = Instant.ofEpochSecond(0, TIME);

        // When
        partition.expire(start.plus(Duration.ofHours(2)), new ByteSize(0));

        // Then
        assertThat(store().trace(Tenant.DEFAULT, trace(1))).isEmpty();
        assertThat(store().trace(Tenant.DEFAULT, trace(2))).isEmpty();
        assertThat(spansOf(trace(3))).isEqualTo(1);

        // When
        partition.expire(Instant.EPOCH, new ByteSize(1));

        // Then
        assertThat(store().trace(Tenant.DEFAULT, trace(5))).isEmpty();
        assertThat(spansOf(trace(6))).isEqualTo(1);
    }

    @Test
    void doesNotBuildWhatItWouldGiveUpAtOnce() {
        // Given
        var old = Records.NOW.minus(Stores.RETENTION).minus(Duration.ofDays(2));
        var record = at(TOPIC, 0, span(trace(1), 1));
        var older =
                new ConsumerRecord<>(
                        TOPIC,
                        0,
                        0,
                        old.toEpochMilli(),
                        record.timestampType(),
                        0,
                        0,
                        record.key(),
                        record.value(),
                        record.headers(),
                        record.leaderEpoch());

        // When
        index.restore(List.of(older));
        index.commit(Map.of(PARTITION, 0L));

        // Then
        assertThat(store().trace(Tenant.DEFAULT, trace(1))).isEmpty();
        assertThat(registry.get("millrace.store.kafka.expired").counter().count()).isEqualTo(1);
        assertThat(index.committedOffset(PARTITION)).isZero();
    }

    @Test
    void whatAllPartitionsHaveIsCountedTogether() {
        // Given
        var second = opened(1);

        // When
        index.apply(at(TOPIC, 0, span(trace(1), 1)));
        index.commit(Map.of(PARTITION, 0L));
        second.apply(at(TOPIC, 0, span(trace(2), 1)));
        second.commit(Map.of(new TopicPartition(TOPIC, 1), 0L));

        // Then
        assertThat(registry.get("millrace.store.fragments").counter().count()).isEqualTo(2);
        assertThat(gauge("millrace.store.windows.writing")).isEqualTo(2);
        double both = gauge("millrace.store.bytes");
        second.close();
        assertThat(gauge("millrace.store.windows.writing")).isEqualTo(1);
        assertThat(gauge("millrace.store.bytes")).isPositive().isLessThan(both);
    }

    @Test
    void isForgottenWhenItIsClosed() {
        // When
        index.close();
        index.close();

        // Then
        assertThat(index.isOpen()).isFalse();
        assertThat(open.find(0)).isEmpty();
    }

    // Three times what may wait.
    private void fill(long from) {
        var random = new Random(7);
        for (int i = 0; i < FILLERS; i++) {
            var noise = new byte[100 << 10];
            random.nextBytes(noise);
            var large =
                    Samples.span(trace(1_000 + i), 1, TIME)
                            .attributes(
                                    Attributes.of(
                                            new Attributes.Attribute(
                                                    "noise",
                                                    new AttributeValue.Bytes(Slice.of(noise)))),
                                    0)
                            .build();
            index.apply(at(TOPIC, from + i, large));
        }
    }

    private static byte[] value(long trace) {
        Span[] one = {span(trace(trace), 1)};
        return Records.value(one);
    }

    private void restart() {
        index.close();
        index = opened(0);
    }

    private PartitionIndex opened(int partition) {
        var made = new PartitionIndex("traces", rules);
        made.init(context(partition), made);
        return made;
    }

    private StateStoreContext context(int partition) {
        var settings = new Properties();
        settings.put("application.id", "test");
        var task = new TaskId(0, partition);
        var of = directory.resolve(task.toString());
        return new MockProcessorContext<Void, Void>(settings, task, of.toFile())
                .getStateStoreContext();
    }

    private TraceStore store() {
        return open.find(0).orElseThrow().contents().traces();
    }

    private int spansOf(TraceId traceId) {
        return store().trace(Tenant.DEFAULT, traceId).orElseThrow().spans().size();
    }

    private long version(TraceId traceId) {
        return store().version(Tenant.DEFAULT, traceId).parts();
    }

    private double gauge(String name) {
        return registry.get(name).gauge().value();
    }
}
