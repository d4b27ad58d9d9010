package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.pipeline.ledger.Posting;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class IngestBatchTest {

    private static final TopicPartition RED = new TopicPartition("spans", 0);
    private static final TopicPartition BLUE = new TopicPartition("spans", 1);

    private final IngestBatch batch =
            new IngestBatch(
                    new FragmentReader(new ForeignRecords(SourceEncoding.ZIPKIN_JSON)),
                    new IngestAccounts(TopicsConfig.embedded()));

    private static ConsumerRecord<byte[], byte[]> record(
            TopicPartition partition, long offset, String json) {
        return new ConsumerRecord<>(
                partition.topic(),
                partition.partition(),
                offset,
                new byte[0],
                json.getBytes(StandardCharsets.UTF_8));
    }

    private static String span(int trace) {
        return """
        [{"traceId": "000000000000000000000000000000%02x", "id": "00000000000000%02x",
          "name": "get", "timestamp": 1788220800000000, "duration": 1000,
          "localEndpoint": {"serviceName": "shop"}}]
        """
                .formatted(trace, trace);
    }

    @Test
    void collectsFirstAndDecodesLater() {
        // Given
        var first = record(RED, 3, span(1));
        var second = record(BLUE, 8, "not JSON");

        // When
        batch.add(first);
        batch.add(second);

        // Then: how far it reaches and how much it is are known before anything is decoded
        assertThat(batch.next()).isEqualTo(Map.of(RED, 4L, BLUE, 9L));
        assertThat(batch.bytes()).isEqualTo(first.value().length + second.value().length);
        assertThat(batch.unwritten(Long.MAX_VALUE)).isEmpty();
        assertThat(batch.letters()).isEmpty();

        // When
        batch.decode();
        batch.decode();

        // Then
        assertThat(batch.unwritten(Long.MAX_VALUE))
                .singleElement()
                .satisfies(fragment -> assertThat(fragment.id()).hasToString("spans-0@3"));
        assertThat(batch.letters()).hasSize(1);
        assertThat(batch.postings().get(RED)).extracting(Posting::copies).containsExactly(1L);
        assertThat(batch.next()).isEqualTo(Map.of(RED, 4L, BLUE, 9L));
    }

    @Test
    void forgetsWhatIsNotDecodedOfPartitionsThatAreOthers() {
        // Given
        var kept = record(BLUE, 8, span(2));
        batch.add(record(RED, 3, span(1)));
        batch.add(kept);

        // When
        batch.drop(List.of(RED));
        batch.decode();

        // Then
        assertThat(batch.bytes()).isEqualTo(kept.value().length);
        assertThat(batch.unwritten(Long.MAX_VALUE))
                .singleElement()
                .satisfies(fragment -> assertThat(fragment.id()).hasToString("spans-1@8"));
        assertThat(batch.next()).isEqualTo(Map.of(BLUE, 9L));
    }
}
