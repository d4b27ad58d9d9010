package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.TraceId;
import java.util.random.RandomGeneratorFactory;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceKeyTest {

    @Test
    void isTheTextOfTheTraceIdAndReadsBack() {
        // Given
        var traceId = new TraceId(0x00fedcba98765432L, 0x80000000_0000000fL);

        // When
        byte[] key = TraceKey.of(traceId);

        // Then
        assertThat(new String(key, US_ASCII)).isEqualTo(traceId.toString());
        assertThat(TraceKey.parse(key)).isEqualTo(traceId);
    }

    @Test
    void goesWhereKafkasOwnClientsWouldPutIt() {
        // Given
        byte[] key = TraceKey.of(new TraceId(1, 2));

        // When, Then
        assertThat(TraceKey.partition(key, 100))
                .isEqualTo(BuiltInPartitioner.partitionForKey(key, 100));
    }

    @Test
    void findsThePartitionOfATraceIdWithoutMakingTheKey() {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(5);
        for (int i = 0; i < 10_000; i++) {
            // Given
            var traceId = new TraceId(i % 3 == 0 ? 0 : random.nextLong(), random.nextLong());
            int partitions = random.nextInt(1, 500);

            // When, Then
            assertThat(TraceKey.partition(traceId.high(), traceId.low(), partitions))
                    .as("trace %s of %s", traceId, partitions)
                    .isEqualTo(TraceKey.partition(TraceKey.of(traceId), partitions));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "abc",
                "00000000000000000000000000000000",
                "0000000000000000000000000000000g",
                "000000000000000000000000000000001"
            })
    void isNoTraceId(String key) {
        assertThat(TraceKey.parse(key.getBytes(US_ASCII))).isNull();
    }
}
