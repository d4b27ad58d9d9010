package dev.millrace.storage.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class BulkOutcomeTest {

    private static final BulkItem FIRST = new BulkItem("i", "1", new byte[0], "fragment a");
    private static final BulkItem SECOND = new BulkItem("i", "2", new byte[0], "fragment b");

    private static BulkOutcome outcome(String... items) throws JsonProcessingException {
        var body = Json.MAPPER.readTree("{\"items\": [" + String.join(",", items) + "]}");
        return BulkOutcome.of(List.of(FIRST, SECOND), body);
    }

    private static String failed(int status, String type, String reason) {
        return """
        {"index": {"status": %d, "error": {"type": "%s", "reason": "%s"}}}
        """
                .formatted(status, type, reason);
    }

    @Test
    void isDoneWithWhatWasWritten() throws JsonProcessingException {
        // When
        var outcome = outcome("{\"index\": {\"status\": 201}}", "{\"index\": {\"status\": 200}}");

        // Then
        assertThat(outcome.waiting()).isEmpty();
        assertThat(outcome.refused()).isEmpty();
    }

    @Test
    void tellsWhatCanComeLaterFromWhatNeverCan() throws JsonProcessingException {
        // When
        var outcome =
                outcome(
                        failed(400, "document_parsing_exception", "failed to parse field [x]"),
                        failed(429, "es_rejected_execution_exception", "queue full"));

        // Then
        assertThat(outcome.waiting()).containsExactly(SECOND);
        assertThat(outcome.overloaded()).isTrue();
        assertThat(outcome.refused())
                .singleElement()
                .satisfies(refused -> {
                    assertThat(refused.item()).isSameAs(FIRST);
                    assertThat(refused.reason()).contains("failed to parse field [x]");
                });
    }

    @ParameterizedTest
    @CsvSource({
        "503, unavailable_shards_exception, primary shard is not active, false",
        "403, cluster_block_exception, index read-only, false",
        "404, index_not_found_exception, no such index, false",
        "400, validation_exception, maximum normal shards open, false",
        "400, illegal_argument_exception, no write index is defined for alias, false",
        "400, illegal_argument_exception, Limit of total fields has been exceeded, true",
        "400, mapper_parsing_exception, failed to parse, true",
        "413, too_large, too large, true"
    })
    void blamesADocumentOnlyForWhatIsItsOwnFault(
            int status, String type, String reason, boolean refused)
            throws JsonProcessingException {
        // When
        var outcome = outcome(failed(status, type, reason), "{\"index\": {\"status\": 201}}");

        // Then
        assertThat(outcome.refused()).hasSize(refused ? 1 : 0);
        assertThat(outcome.waiting()).hasSize(refused ? 0 : 1);
    }

    /// As Elasticsearch says it now and said it before, OpenSearch, and Lucene by itself.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Number of documents in the shard cannot exceed [2147483519]; for more information,"
                        + " see [https://www.elastic.co/docs]",
                "Number of documents in the index can't exceed [2147483519]",
                "Number of documents in shard [jaeger-span-000001][0] exceeds the limit of"
                        + " [2147483519] documents per shard",
                "number of documents in the index cannot exceed 2147483519 (current document count"
                        + " is 2147483517; added numDocs is 23)"
            })
    void blamesNoDocumentForAShardThatIsFull(String reason) throws JsonProcessingException {
        // When
        var outcome =
                outcome(
                        failed(400, "illegal_argument_exception", reason),
                        "{\"index\": {\"status\": 201}}");

        // Then
        assertThat(outcome.refused()).isEmpty();
        assertThat(outcome.waiting()).containsExactly(FIRST);
        assertThat(outcome.full()).isEqualTo(1);
        assertThat(outcome.fullIndices()).containsExactly("i");
        assertThat(outcome.overloaded()).isTrue();
        assertThat(outcome.why()).contains(reason);
    }

    @Test
    void writesAgainWhatTheAnswerIsSilentAbout() throws JsonProcessingException {
        assertThat(outcome("{\"index\": {\"status\": 201}}").waiting()).containsExactly(SECOND);
    }
}
