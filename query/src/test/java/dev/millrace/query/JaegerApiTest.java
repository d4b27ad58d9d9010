package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Span;
import dev.millrace.model.TraceId;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JaegerApiTest {

    private static final String NOTHING =
            "{\"data\":[],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}";
    private static final long NOW_MICROS = SampleTraces.NOW_NANOS / 1000;

    private static RunningQuery query;

    @BeforeAll
    static void start() {
        query = new RunningQuery();
        query.store.keep(SampleTraces.rich());
        query.store.keep(clock(1, Duration.ofHours(1)));
        query.store.keep(clock(2, Duration.ofHours(47)));
        query.store.keep(clock(3, Duration.ofHours(49)));
        for (int i = 0; i < 101; i++) {
            query.store.keep(
                    SampleTraces.plain(
                            new TraceId(7, 1 + i), "many", SampleTraces.NOW_NANOS - 1 - i));
        }
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/traces/4bf92f3577b34da6a3ce929d0e0e4736?prettyPrint=true&raw=true",
                "/api/traces/4BF92F3577B34DA6A3CE929D0E0E4736?prettyPrint=1&start=0&end=1",
                "/api/traces/S%2FkvNXezTaajzpKdDg5HNg%3D%3D?prettyPrint=true",
                "/api/traces/S_kvNXezTaajzpKdDg5HNg?prettyPrint=true",
                "/api/traces?prettyPrint=true&traceID=4bf92f3577b34da6a3ce929d0e0e4736",
                "/api/traces?prettyPrint=true&service=shop"
            })
    void writesATraceAsJaegersUiReadsIt(String path) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(RunningQuery.golden("rich-jaeger.json"));
    }

    @Test
    void saysThatATraceIsUnknown() {
        // When
        var response = query.get("/api/traces/abc");

        // Then
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.body()).isEqualTo(error(404, "trace not found"));
    }

    @Test
    void fetchesSeveralTracesAndNamesThoseThatAreMissing() {
        // When
        var response = query.get("/api/traces?traceID=1&traceID=abc&traceID=2&traceID=1");

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body())
                .containsSubsequence(
                        "{\"traceID\":\"0000000000000001\",\"spans\"",
                        "{\"traceID\":\"0000000000000002\",\"spans\"")
                .endsWith(
                        "\"errors\":[{\"msg\":\"trace not found\","
                                + "\"traceID\":\"0000000000000abc\"}]}");
    }

    @Test
    void listsServicesAndTheirOperations() {
        // When
        var services = query.get("/api/services");
        var names = query.get("/api/services/bank%2Feu/operations");
        var operations = query.get("/api/operations?service=shop");
        var servers = query.get("/api/operations?service=shop&spanKind=server");

        // Then
        assertThat(services.body())
                .isEqualTo(
                        "{\"data\":[\"bank/eu\",\"clock\",\"many\",\"shop\"],"
                                + "\"total\":4,\"limit\":0,\"offset\":0,\"errors\":null}");
        assertThat(names.body())
                .isEqualTo(
                        "{\"data\":[\"pay \\\"now\\\"\"],"
                                + "\"total\":1,\"limit\":0,\"offset\":0,\"errors\":null}");
        assertThat(operations.body())
                .isEqualTo(
                        "{\"data\":[{\"name\":\"POST /orders\",\"spanKind\":\"server\"},"
                                + "{\"name\":\"step back\",\"spanKind\":\"\"}],"
                                + "\"total\":2,\"limit\":0,\"offset\":0,\"errors\":null}");
        assertThat(servers.body())
                .isEqualTo(
                        "{\"data\":[{\"name\":\"POST /orders\",\"spanKind\":\"server\"}],"
                                + "\"total\":1,\"limit\":0,\"offset\":0,\"errors\":null}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "operation=POST+%2Forders",
                "tag=error:true",
                "tag=span.kind:server",
                "tag=otel.status_code:ERROR&tag=error:true",
                "tag=http.request.method:POST&tag=cart.size:-3",
                "tags=%7B%22http.request.method%22:%22POST%22,%22error%22:%22true%22%7D",
                "tag=http.request.method:GET&tags=%7B%22http.request.method%22:%22POST%22%7D",
                "minDuration=250ms&maxDuration=0.25s",
                "maxDuration=0",
                "lookback=2h",
                "lookback=custom&start=0",
                "limit=1"
            })
    void findsTheTraceByAnythingItHas(String condition) {
        // When
        var response = query.get("/api/traces?service=shop&" + condition);

        // Then
        assertThat(response.body())
                .startsWith("{\"data\":[{\"traceID\":\"4bf92f3577b34da6a3ce929d0e0e4736\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "operation=GET",
                "tag=error:false",
                "tag=span.kind:client",
                "tag=otel.status_code:ok",
                "tag=http.request.method:GET",
                "minDuration=251ms",
                "maxDuration=1ns&minDuration=1ns",
                "lookback=30m",
                "start=0&end=1"
            })
    void findsNothingWhereOneConditionFails(String condition) {
        // When
        var response = query.get("/api/traces?service=shop&" + condition);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(NOTHING);
    }

    @Test
    void looksTwoDaysBackUnlessToldOtherwise() {
        // When
        var byDefault = query.get("/api/traces?service=clock");
        var fromEnd =
                query.get("/api/traces?service=clock&lookback=1d&end=" + (NOW_MICROS - 1)).body();
        var further = query.get("/api/traces?service=clock&lookback=1w").body();
        var explicit =
                query.get(
                                "/api/traces?service=clock&start="
                                        + (NOW_MICROS - Duration.ofHours(49).toNanos() / 1000))
                        .body();

        // Then
        assertThat(byDefault.body()).contains("0000000000000001", "0000000000000002");
        assertThat(byDefault.body()).doesNotContain("0000000000000003");
        assertThat(fromEnd).contains("0000000000000001").doesNotContain("0000000000000002");
        assertThat(further).contains("0000000000000003");
        assertThat(explicit).contains("0000000000000003");
    }

    @Test
    void findsAHundredTracesUnlessToldOtherwise() {
        // When
        var byDefault = query.get("/api/traces?service=many").body();
        var more = query.get("/api/traces?service=many&limit=150").body();

        // Then
        assertThat(byDefault.split("processes", -1)).hasSize(1 + 100);
        assertThat(more.split("processes", -1)).hasSize(1 + 101);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    /api/traces                             | parameter 'service' is required
                    /api/operations                         | parameter 'service' is required
                    /api/operations?service=a&spanKind=x    | spanKind: x (expected: one of unspecified, internal, server, client, producer, consumer)
                    /api/traces/xyz                         | traceID: xyz (expected: 1 to 32 hexadecimal digits, or Base64 of 16 bytes, not all zero)
                    /api/traces/1?start=now                 | start: now (expected: microseconds since the epoch)
                    /api/traces/1?prettyPrint=maybe         | prettyPrint: maybe (expected: true or false)
                    /api/traces?traceID=xyz                 | traceID: xyz (expected: 1 to 32 hexadecimal digits, or Base64 of 16 bytes, not all zero)
                    /api/traces?service=a&limit=0           | limit: 0 (expected: 1 to 1500)
                    /api/traces?service=a&limit=1e3         | limit: 1e3 (expected: 1 to 1500)
                    /api/traces?service=a&start=-1          | start: -1 (expected: microseconds since the epoch)
                    /api/traces?service=a&end=9223372036854775807 | end: 9223372036854775807 (expected: microseconds since the epoch)
                    /api/traces?service=a&start=5&end=4     | start: 5 (expected: not after end, 4)
                    /api/traces?service=a&lookback=custom   | lookback: custom (expected: a duration such as 1.5s, 20ms or 1h30m)
                    /api/traces?service=a&minDuration=20    | minDuration: 20 (expected: a duration such as 1.5s, 20ms or 1h30m)
                    /api/traces?service=a&minDuration=25s&maxDuration=1s | maxDuration: 1s (expected: at least minDuration, 25s)
                    /api/traces?service=a&tag=k             | tag: k (expected: key:value)
                    /api/traces?service=a&tags=%5B1%5D      | tags: [1] (expected: a JSON object whose values are strings)
                    /api/traces?service=a&tags=%7B%7D%7D    | tags: {}} (expected: a JSON object whose values are strings)
                    /api/traces?service=a&tags=x            | tags: x (expected: a JSON object whose values are strings)
                    /api/traces?service=a&tag=span.kind:x   | tag span.kind: x (expected: one of unspecified, internal, server, client, producer, consumer)
                    /api/traces?service=a&tag=otel.status_code:x | tag otel.status_code: x (expected: one of unset, ok, error)
                    /api/traces?service=a&tag=otel.status_code:OK&tag=error:true | tag otel.status_code: OK and ERROR (expected: no other status than error=true asks for)
                    /api/traces?service=a&tag=otel.scope.name:x  | tag: otel.scope.name (expected: an attribute, span.kind, error or otel.status_code)
                    """)
    void refusesWhatItDoesNotUnderstand(String path, String message) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).isEqualTo(error(400, message));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/dependencies", "/api/metrics/calls", "/api/"})
    void hasNoEndpointForWhatIsNotThere(String path) {
        // When
        var response = query.get(path, "accept", "text/html");

        // Then
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.body()).isEqualTo(error(404, "no such endpoint"));
    }

    private static List<Span> clock(long id, Duration ago) {
        return SampleTraces.plain(
                new TraceId(0, id), "clock", SampleTraces.NOW_NANOS - ago.toNanos());
    }

    private static String error(int code, String message) {
        return "{\"data\":null,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":[{\"code\":"
                + code
                + ",\"msg\":\""
                + message
                + "\"}]}";
    }
}
