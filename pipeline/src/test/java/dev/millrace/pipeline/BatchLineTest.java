package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.BatchLine.Place;
import dev.millrace.pipeline.ledger.Posting;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchLineTest {

    private static final TopicPartition RED = new TopicPartition("traces", 0);
    private static final TopicPartition BLUE = new TopicPartition("traces", 1);

    private final FragmentReader reader = new FragmentReader(new ForeignRecords(null));
    private final Chunks chunks = new Chunks(5);
    private final BatchLine line = new BatchLine();
    private final Map<TopicPartition, Long> settled = new HashMap<>();
    private final Map<TopicPartition, Long> stored = new HashMap<>();

    @Test
    void settlesAPartitionUpToItsFirstUnwrittenBatch() {
        // Given
        var first = line.enter(batch(RED, 0));
        var second = line.enter(batch(RED, 1));
        var other = line.enter(batch(BLUE, 7));

        // When
        line.done(second);
        line.done(other);
        settle();

        // Then: blue does not wait for red.
        assertThat(settled).containsExactly(Map.entry(BLUE, 8L));
        assertThat(line.bytes()).isEqualTo(first.batch().bytes());

        // When
        line.done(first);
        settle();

        // Then
        assertThat(settled).containsEntry(RED, 2L);
        assertThat(stored).containsEntry(RED, 4L);
        assertThat(line.size()).isZero();
        assertThat(line.bytes()).isZero();
    }

    @Test
    void aFailedBatchHoldsUpWhatCameAfterIt() {
        // Given
        var first = line.enter(batch(RED, 0));
        var second = line.enter(batch(RED, 1));

        // When
        line.failed(first);
        line.done(second);
        settle();

        // Then
        assertThat(settled).isEmpty();
        assertThat(line.firstFailed()).contains(first);
        assertThat(line.writing()).isZero();

        // When
        line.again(first);
        line.done(first);
        settle();

        // Then
        assertThat(settled).containsExactly(Map.entry(RED, 2L));
    }

    @Test
    void whatBelongsToOthersIsNeitherSettledNorWrittenAgain() {
        // Given: both partitions in one batch, which is being written.
        var both = batch(RED, 3);
        both.add(record(BLUE, 4));
        var place = line.enter(both);

        // When
        line.drop(List.of(RED));
        line.failed(place);

        // Then
        assertThat(place.batch().unwritten(Long.MAX_VALUE))
                .allSatisfy(fragment -> assertThat(fragment.id().partition()).isOne());

        // When
        line.again(place);
        line.done(place);
        settle();

        // Then
        assertThat(settled).containsExactly(Map.entry(BLUE, 5L));
    }

    @Test
    void aPartitionThatComesBackBeginsAnew() {
        // Given
        var before = line.enter(batch(RED, 0));
        line.drop(List.of(RED));

        // When: it is ours again, and read again.
        var after = line.enter(batch(RED, 0));
        line.done(after);
        settle();
        line.done(before);
        settle();

        // Then
        assertThat(settled).containsExactly(Map.entry(RED, 1L));
        assertThat(stored).containsExactly(Map.entry(RED, 2L));
        assertThat(line.size()).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20_261_121})
    void settlesEveryRecordOnceInWhateverOrderBatchesAreWritten(long seed) {
        // Given
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        var under = new ArrayList<Place>();
        long offset = 0;

        // When
        for (int step = 0; step < 500; step++) {
            if (under.isEmpty() || (random.nextBoolean() && under.size() < 6)) {
                var partition = random.nextBoolean() ? RED : BLUE;
                under.add(line.enter(batch(partition, offset++)));
            } else {
                end(under, random);
            }
            settle();
        }
        while (!under.isEmpty()) {
            end(under, random);
        }
        settle();

        // Then
        assertThat(stored.values().stream().mapToLong(Long::longValue).sum())
                .as("seed %s", seed)
                .isEqualTo(2 * offset);
        assertThat(line.size()).as("seed %s", seed).isZero();
        assertThat(line.bytes()).as("seed %s", seed).isZero();
    }

    private void end(List<Place> under, RandomGenerator random) {
        var place = under.get(random.nextInt(under.size()));
        if (random.nextInt(4) == 0) {
            line.failed(place);
            line.again(place);
        } else {
            under.remove(place);
            line.done(place);
        }
    }

    private void settle() {
        line.settle((partition, end, postings) -> {
            assertThat(settled.getOrDefault(partition, 0L)).isLessThan(end);
            settled.put(partition, end);
            long copies = postings.stream().mapToLong(Posting::copies).sum();
            stored.merge(partition, copies, Long::sum);
        });
    }

    private IngestBatch batch(TopicPartition partition, long offset) {
        var batch = new IngestBatch(reader, new IngestAccounts(TopicsConfig.embedded()));
        batch.add(record(partition, offset));
        // As who writes it does.
        batch.decode();
        return batch;
    }

    /// Two spans.
    private ConsumerRecord<byte[], byte[]> record(TopicPartition partition, long offset) {
        var chunk = chunks.one(2, 0);
        return new ConsumerRecord<>(
                partition.topic(),
                partition.partition(),
                offset,
                TraceKey.of(chunk.traceId()),
                chunk.body().toByteArray());
    }
}
