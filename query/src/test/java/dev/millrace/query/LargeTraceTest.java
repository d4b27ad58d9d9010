package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Answers with a trace that a store does not hand out whole.
class LargeTraceTest {

    private static final TraceId TRACE = new TraceId(0x0af7651916cd43ddL, 1);
    private static final int FRAGMENTS = 5;
    private static final int SPANS_EACH = 120;
    private static final int PAYLOAD = TraceStore.MAX_WHOLE_BYTES / (4 * SPANS_EACH);
    private static final Long[] ALL_IDS =
            LongStream.rangeClosed(1, FRAGMENTS * SPANS_EACH).boxed().toArray(Long[]::new);

    private static RunningQuery query;

    @BeforeAll
    static void start() {
        query = new RunningQuery();
        for (int fragment = 0; fragment < FRAGMENTS; fragment++) {
            query.store.keep(spans(fragment));
        }
        // The last one came twice.
        query.store.keep(spans(FRAGMENTS - 1));
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    private static List<Span> spans(int fragment) {
        var payload =
                Attributes.of(
                        new Attributes.Attribute(
                                "payload", new AttributeValue.Text("x".repeat(PAYLOAD))));
        var spans = new ArrayList<Span>();
        for (int i = 1; i <= SPANS_EACH; i++) {
            long id = (long) fragment * SPANS_EACH + i;
            spans.add(
                    Span.builder(TRACE, new SpanId(id))
                            .name("step")
                            .time(SampleTraces.NOW_NANOS + id, SampleTraces.NOW_NANOS + id + 1)
                            .attributes(payload, 0)
                            .build());
        }
        return spans;
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/traces/, application/x-protobuf",
        "/tempo/api/traces/, application/protobuf",
    })
    void writesEverySpanOnceAsProtobuf(String path, String accepted) {
        var answer = query.getBytes(path + TRACE, "accept", accepted);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(OtlpDecoder.spans(Slice.of(answer.body())))
                .extracting(span -> span.spanId().value())
                .containsExactlyInAnyOrder(ALL_IDS);
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/traces/, spanId",
        "/api/traces/, spanID",
        "/api/v3/traces/, spanId",
    })
    void writesEverySpanOnceAsJson(String path, String idField) throws IOException {
        var answer = query.get(path + TRACE);

        assertThat(answer.statusCode()).isEqualTo(200);
        var ids = new ArrayList<Long>();
        try (var json = new JsonFactory().createParser(answer.body())) {
            while (json.nextToken() != null) {
                if (idField.equals(json.currentName()) && json.currentToken().isScalarValue()) {
                    ids.add(Long.parseUnsignedLong(json.getText(), 16));
                }
            }
        }
        assertThat(ids).containsExactlyInAnyOrder(ALL_IDS);
    }

    @Test
    void saysToJaegersUiThatNoClockWasCorrected() {
        assertThat(query.get("/api/traces/" + TRACE).body())
                .contains("\"warnings\":[\"too large to be looked at as a whole");
    }

    @Test
    void saysToZipkinsClientsThatTheTraceIsTooLarge() {
        var answer = query.get("/api/v2/trace/" + TRACE);

        assertThat(answer.statusCode()).isEqualTo(413);
        assertThat(answer.body()).contains(TRACE.toString());
    }
}
