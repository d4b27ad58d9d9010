package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TempoJsonTest {

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    0   => 0 => true  => {"metrics":{}}
                    7   => 1 => true  => {"metrics":{"inspectedTraces":7,"completedJobs":1,"totalJobs":1}}
                    300 => 3 => false => {"metrics":{"inspectedTraces":300,"completedJobs":3,"totalJobs":4}}
                    0   => 0 => false => {"metrics":{"totalJobs":1}}
                    """)
    void saysWhenABoundCutASearchShort(int looked, int pages, boolean complete, String written)
            throws IOException {
        // Given
        var text = new StringWriter();
        var result = new BoundedScan.Result<>(List.of(), looked, pages, complete);

        // When
        try (var json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            TempoJson.writeMetrics(json, result);
            json.writeEndObject();
        }

        // Then
        assertThat(text).hasToString(written);
    }
}
