package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NativeApiTest {

    private static RunningQuery query;

    @BeforeAll
    static void start() {
        query = new RunningQuery();
        query.store.keep(SampleTraces.rich());
        query.store.keep(SampleTraces.orphan(new TraceId(9, 9), "orphanage"));
        for (long i = 1; i <= 5; i++) {
            query.store.keep(
                    SampleTraces.plain(
                            new TraceId(0, i), "clock", SampleTraces.NOW_NANOS - i * 1_000_000L));
        }
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @Test
    void writesATraceAsOtlpJson() {
        // When
        var response = query.get("/v1/traces/" + SampleTraces.RICH);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("application/json"));
        assertThat(response.body()).isEqualTo(RunningQuery.golden("rich-otlp.json"));
    }

    @Test
    void writesATraceAsProtobufWhenAskedTo() {
        // When
        var response =
                query.getBytes(
                        "/v1/traces/" + SampleTraces.RICH, "accept", "application/x-protobuf");

        // Then
        assertThat(response.headers().firstValue("content-type"))
                .hasValue("application/x-protobuf");
        assertThat(OtlpDecoder.spans(Slice.of(response.body()))).isEqualTo(SampleTraces.rich());
    }

    @Test
    void compressesForWhoeverTakesIt() throws Exception {
        // When
        var response = query.getBytes("/v1/traces/" + SampleTraces.RICH, "accept-encoding", "gzip");

        // Then
        assertThat(response.headers().firstValue("content-encoding")).hasValue("gzip");
        try (var body = new GZIPInputStream(new ByteArrayInputStream(response.body()))) {
            assertThat(new String(body.readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo(RunningQuery.golden("rich-otlp.json"));
        }
    }

    @Test
    void saysThatATraceIsUnknown() {
        // When
        var response = query.get("/v1/traces/abc");

        // Then
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.body())
                .isEqualTo(
                        "{\"error\":{\"status\":404,\"message\":"
                                + "\"trace 00000000000000000000000000000abc: not found\"}}");
    }

    @Test
    void listsServicesAndTheirOperations() {
        // When
        var services = query.get("/v1/services");
        var operations = query.get("/v1/services/bank%2Feu/operations");
        var unknown = query.get("/v1/services/nobody/operations");

        // Then
        assertThat(services.body())
                .isEqualTo("{\"services\":[\"bank/eu\",\"clock\",\"orphanage\",\"shop\"]}");
        assertThat(operations.body())
                .isEqualTo("{\"operations\":[{\"name\":\"pay \\\"now\\\"\",\"kind\":\"client\"}]}");
        assertThat(unknown.body()).isEqualTo("{\"operations\":[]}");
    }

    @Test
    void summarisesWhatASearchFinds() {
        // When
        var response =
                query.get(
                        "/v1/search?service=shop&operation=POST+%2Forders&kind=server&status=error"
                                + "&attribute=http.request.method%3DPOST&attribute=canary=true"
                                + "&minDuration=0.25s&maxDuration=250ms"
                                + "&start=2026-11-21T00:00:00Z&end=1795230000000000000&limit=5");

        // Then
        assertThat(response.body()).isEqualTo(RunningQuery.golden("search-native.json"));
    }

    @Test
    void leavesTheRootOpenUntilItArrives() {
        // When
        var response = query.get("/v1/search?service=orphanage");

        // Then
        assertThat(response.body())
                .startsWith(
                        "{\"traces\":[{\"traceId\":\"00000000000000090000000000000009\","
                                + "\"rootService\":null,\"rootOperation\":null,");
    }

    @Test
    void pagesThroughAllTracesNewestFirst() {
        // When
        var first = query.get("/v1/search?service=clock&limit=3");
        var second =
                query.get(
                        "/v1/search?service=clock&limit=3"
                                + "&cursor=1795229999997000000-00000000000000000000000000000003");

        // Then
        assertThat(first.body())
                .containsSubsequence("0001\",\"root", "0002\",\"root", "0003\",\"root")
                .endsWith(
                        "\"nextCursor\":"
                                + "\"1795229999997000000-00000000000000000000000000000003\"}");
        assertThat(second.body())
                .containsSubsequence("0004\",\"root", "0005\",\"root")
                .endsWith("\"nextCursor\":null}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    /v1/traces/xyz            | trace id: xyz (expected: 1 to 32 hexadecimal digits, not all zero)
                    /v1/traces/0              | trace id: 0 (expected: 1 to 32 hexadecimal digits, not all zero)
                    /v1/traces/1?raw=1        | parameter: raw (expected: no parameters)
                    /v1/search?limit=0        | limit: 0 (expected: 1 to 1500)
                    /v1/search?limit=1501     | limit: 1501 (expected: 1 to 1500)
                    /v1/search?limit=ten      | limit: ten (expected: 1 to 1500)
                    /v1/search?kind=srv       | kind: srv (expected: one of unspecified, internal, server, client, producer, consumer)
                    /v1/search?status=bad     | status: bad (expected: one of unset, ok, error)
                    /v1/search?attribute=a    | attribute: a (expected: key=value)
                    /v1/search?attribute==a   | attribute: =a (expected: key=value)
                    /v1/search?minDuration=20 | minDuration: 20 (expected: a duration such as 1.5s, 20ms or 1h30m)
                    /v1/search?minDuration=2s&maxDuration=1s | maxDuration: 1s (expected: at least minDuration, 2s)
                    /v1/search?start=today    | start: today (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z, or nanoseconds since the epoch)
                    /v1/search?start=5&end=4  | start: 5 (expected: not after end, 4)
                    /v1/search?cursor=7       | cursor: 7 (expected: the nextCursor of an earlier page)
                    /v1/search?cursor=7-x     | cursor: 7-x (expected: the nextCursor of an earlier page)
                    /v1/search?service=a&service=b | service: a, b (expected: one value)
                    /v1/search?tag=a:b        | parameter: tag (expected: one of attribute, cursor, end, kind, limit, maxDuration, minDuration, operation, service, start, status)
                    """)
    void refusesWhatItDoesNotUnderstand(String path, String message) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body())
                .isEqualTo("{\"error\":{\"status\":400,\"message\":\"" + message + "\"}}");
    }
}
