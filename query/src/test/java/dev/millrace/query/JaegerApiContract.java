package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TraceStore;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What Jaeger's clients ask of its JSON API and what they get, whichever store is below.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class JaegerApiContract {

    private static final String NOTHING =
            "{\"data\":[],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}";
    private static final long NOW_MICROS = SampleTraces.NOW_NANOS / 1000;

    private JaegerFixture fixture;
    private RunningQuery query;

    abstract TraceStore open(Path directory);

    @BeforeAll
    void start(@TempDir Path directory) {
        fixture = new JaegerFixture(open(directory));
        query = fixture.query;
        var traces = new ArrayList<List<Span>>();
        traces.add(SampleTraces.rich());
        traces.add(clock(1, Duration.ofHours(1)));
        traces.add(clock(2, Duration.ofHours(47)));
        traces.add(clock(3, Duration.ofHours(49)));
        for (int i = 0; i < 101; i++) {
            traces.add(
                    SampleTraces.plain(
                            new TraceId(7, 1 + i), "many", SampleTraces.NOW_NANOS - 1 - i));
        }
        traces.add(JaegerFixture.skewed());
        fixture.keep(traces);
        fixture.count(Map.of(1, 2, 2, 4, 4, 1));
    }

    @AfterAll
    void stop() {
        fixture.close();
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
                        "{\"data\":[\"bank/eu\",\"clock\",\"desk\",\"many\",\"rack\",\"shop\"],"
                                + "\"total\":6,\"limit\":0,\"offset\":0,\"errors\":null}");
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
    @CsvSource({
        "/api/traces/5e?prettyPrint=true, skewed-jaeger.json",
        "/api/traces?traceID=5e&prettyPrint=true&raw=false, skewed-jaeger.json",
        "/api/traces?service=rack&prettyPrint=true, skewed-jaeger.json",
        "/api/traces/5e?prettyPrint=true&raw=true, skewed-raw-jaeger.json",
        "/api/traces?traceID=5e&prettyPrint=true&raw=1, skewed-raw-jaeger.json",
        "/api/traces?service=rack&prettyPrint=true&raw=true, skewed-raw-jaeger.json"
    })
    void correctsClocksAndSharedIdsUnlessAskedForARawTrace(String path, String golden) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.body()).isEqualTo(RunningQuery.golden(golden));
    }

    @Test
    void copiesATraceIntoTheArchive() {
        // When
        var response = query.post("/api/archive/5e?start=1&end=2", "");

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body())
                .isEqualTo("{\"data\":[],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":[]}");
        assertThat(fixture.archived.get(JaegerFixture.SKEWED))
                .satisfies(trace ->
                        assertThat(trace.spans())
                                .containsExactlyInAnyOrderElementsOf(JaegerFixture.skewed()));
    }

    @Test
    void findsByIdWhatOnlyTheArchiveStillHas() {
        // Given
        var id = new TraceId(0, 0xa1);
        fixture.archived.put(id, new Trace(id, SampleTraces.orphan(id, "gone")));

        // When
        var byId = query.get("/api/traces/a1").body();
        var among = query.get("/api/traces?traceID=a1&traceID=1").body();
        var again = query.post("/api/archive/a1", "").statusCode();
        var services = query.get("/api/services").body();

        // Then
        assertThat(byId).contains("\"serviceName\":\"gone\"");
        assertThat(among).contains("\"serviceName\":\"gone\"", "\"serviceName\":\"clock\"");
        assertThat(again).isEqualTo(200);
        assertThat(services).doesNotContain("gone");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    /api/archive/abc            | 404 | trace not found
                    /api/archive/xyz            | 400 | traceID: xyz (expected: 1 to 32 hexadecimal digits, or Base64 of 16 bytes, not all zero)
                    /api/archive/5e?start=now   | 400 | start: now (expected: microseconds since the epoch)
                    /api/archive/5e?end=-1      | 400 | end: -1 (expected: microseconds since the epoch)
                    /api/traces/5e              | 405 | method: POST (expected: GET or HEAD)
                    /api/none                   | 405 | method: POST (expected: GET or HEAD)
                    """)
    void refusesToArchiveWhatItCannotFind(String path, int status, String message) {
        // When
        var response = query.post(path, "");

        // Then
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.body()).isEqualTo(error(status, message));
    }

    @Test
    void showsATraceFromAFileAsItIs() {
        // Given
        var otlp = query.get("/v1/traces/5e").body();

        // When
        var response = query.post("/api/transform?prettyPrint=true", otlp);
        var large = query.post("/api/transform?prettyPrint=true", otlp + " ".repeat(11 << 20));
        var empty = query.post("/api/transform", "{}");

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(RunningQuery.golden("skewed-raw-jaeger.json"));
        assertThat(large.body()).isEqualTo(response.body());
        assertThat(empty.body()).isEqualTo(NOTHING);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    {"resourceSpans":  => body: not OTLP JSON:
                    [1]                => body: not OTLP JSON:
                    {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz","spanId":"1"}]}]}]} => body: trace id: 1 bytes (expected: 16)
                    {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001","spanId":"0000000000000000"}]}]}]} => body: span id: all zero
                    """)
    void refusesAFileThatHoldsNoTraces(String body, String message) {
        // When
        var response = query.post("/api/transform", body);

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("{\"code\":400,\"msg\":\"" + message);
    }

    @Test
    void refusesAFileThatIsTooLargeWithoutReadingIt() throws IOException {
        try (var client = new Socket(query.address().getAddress(), query.address().getPort())) {
            // When
            client.setSoTimeout(20_000);
            var request =
                    "POST /api/transform HTTP/1.1\r\nHost: h\r\nContent-Length: 33554433\r\n\r\n";
            client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            var answer = new StringBuilder();
            var reader = new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8);
            var expected = error(413, "body: too large (expected: at most 33554432 bytes)");
            while (answer.indexOf(expected) < 0) {
                int next = reader.read();
                if (next < 0) {
                    break;
                }
                answer.append((char) next);
            }

            // Then
            assertThat(answer.toString()).startsWith("HTTP/1.1 413").contains(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/transform", "/api/archive/5e"})
    void changesNothingForAReader(String path) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("allow")).hasValue("POST");
        assertThat(response.body()).isEqualTo(error(405, "method: GET (expected: POST)"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                                                         | till>vault:7
                    ?service=vault                       | till>vault:7
                    ?service=none                        |
                    ?lookback=60000                      | till>vault:2
                    ?endTs=1795229880000                 | till>vault:5
                    ?endTs=1795229700000                 | bank/eu>shop:1 desk>rack:1 shop>bank/eu:1
                    ?endTs=1795229700000&service=desk    | desk>rack:1
                    ?endTs=1795229700000&lookback=600000 | desk>rack:1
                    ?endTs=1000                          |
                    """)
    void countsCallsAsTheAggregatorDidElseThoseOfStoredTraces(String question, String links) {
        // When
        var response = query.get("/api/dependencies" + (question == null ? "" : question)).body();

        // Then
        var expected = new StringBuilder();
        for (var link : links == null ? new String[0] : links.split(" ", -1)) {
            var parts = link.split("[>:]", -1);
            expected.append(expected.isEmpty() ? "" : ",")
                    .append("{\"parent\":\"")
                    .append(parts[0])
                    .append("\",\"child\":\"")
                    .append(parts[1])
                    .append("\",\"callCount\":")
                    .append(parts[2])
                    .append('}');
        }
        assertThat(response)
                .isEqualTo(
                        "{\"data\":["
                                + expected
                                + "],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    calls?service=vault&lookback=120000&step=60000&ratePer=60000 | service_call_rate | calls/sec, grouped by service | vault | 0.0 0.06666666666666667 0.03333333333333333
                    calls?service=vault&lookback=60000&step=5000&ratePer=60001   | service_call_rate | calls/sec, grouped by service | vault | 0.03333333333333333 0.05
                    calls?service=vault&lookback=1&endTs=1795230059999           | service_call_rate | calls/sec, grouped by service | vault | 0.011666666666666667
                    calls?service=vault&service=till&spanKind=client&spanKind=server&lookback=1 | service_call_rate | calls/sec, grouped by service | till;vault | 0.011666666666666667;0.011666666666666667
                    calls?service=till&spanKind=client&groupByOperation=true&lookback=1 | service_operation_call_rate | calls/sec, grouped by service & operation | look@till | 0.011666666666666667
                    errors?service=vault&lookback=120000&step=60000&ratePer=60000 | service_error_rate | error rate, computed as a fraction of errors/sec over calls/sec, grouped by service | vault | "NaN" 0.25 0.5
                    errors?service=vault&groupByOperation=true&lookback=1        | service_operation_error_rate | error rate, computed as a fraction of errors/sec over calls/sec, grouped by service & operation | look@vault;open@vault | 0.0;1.0
                    latencies?service=vault&quantile=0.95&lookback=120000&ratePer=60000 | service_latencies | 0.95th quantile latency, grouped by service | vault | "NaN" 998.244352 998.244352
                    latencies?service=vault&quantile=1&lookback=1&groupByOperation=1 | service_operation_latencies | 1.00th quantile latency, grouped by service & operation | look@vault;open@vault | 998.244352;998.244352
                    calls?service=none                                           | service_call_rate | calls/sec, grouped by service | |
                    calls?service=till                                           | service_call_rate | calls/sec, grouped by service | |
                    """)
    void drawsHowOperationsFare(
            String question, String name, String help, String groups, String values) {
        // When
        var response = query.get("/api/metrics/" + question);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(family(name, help, groups, values));
    }

    /// @param groups services, perhaps with an operation and `@` before, with semicolons between
    /// @param values those of each group's points, the last of which is now
    private static String family(String name, String help, String groups, String values) {
        var text =
                new StringBuilder(
                        "{\"name\":\"%s\",\"type\":\"GAUGE\",\"help\":\"%s\""
                                .formatted(name, help));
        if (groups != null) {
            var metrics = new ArrayList<String>();
            for (int i = 0; i < groups.split(";", -1).length; i++) {
                var group = groups.split(";", -1)[i].split("@", -1);
                var labels = new ArrayList<String>();
                if (group.length == 2) {
                    labels.add("{\"name\":\"operation\",\"value\":\"%s\"}".formatted(group[0]));
                }
                labels.add(
                        "{\"name\":\"service_name\",\"value\":\"%s\"}"
                                .formatted(group[group.length - 1]));
                var points = new ArrayList<String>();
                var each = values.split(";", -1)[i].split(" ", -1);
                for (int j = 0; j < each.length; j++) {
                    points.add(
                            "{\"gaugeValue\":{\"doubleValue\":%s},\"timestamp\":\"%s\"}"
                                    .formatted(
                                            each[j],
                                            SampleTraces.NOW.minus(
                                                    Duration.ofMinutes(each.length - 1 - j))));
                }
                metrics.add(
                        "{\"labels\":[%s],\"metricPoints\":[%s]}"
                                .formatted(String.join(",", labels), String.join(",", points)));
            }
            text.append(",\"metrics\":[").append(String.join(",", metrics)).append(']');
        }
        return text.append('}').toString();
    }

    @Test
    void saysThatPointsAreAMinuteApartAtLeast() {
        // When
        var response = query.get("/api/metrics/minstep");

        // Then
        assertThat(response.body())
                .isEqualTo("{\"data\":60000,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}");
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
                    /api/traces/1?raw=maybe                 | raw: maybe (expected: true or false)
                    /api/traces?service=a&raw=maybe         | raw: maybe (expected: true or false)
                    /api/dependencies?endTs=now             | endTs: now (expected: milliseconds since the epoch)
                    /api/dependencies?endTs=-1              | endTs: -1 (expected: milliseconds since the epoch)
                    /api/dependencies?lookback=1h           | lookback: 1h (expected: milliseconds)
                    /api/metrics/calls                      | service: missing (expected: at least one name)
                    /api/metrics/latencies?service=a        | quantile: missing (expected: a number from 0 to 1)
                    /api/metrics/latencies?service=a&quantile=95 | quantile: 95 (expected: a number from 0 to 1)
                    /api/metrics/latencies?service=a&quantile=x | quantile: x (expected: a number from 0 to 1)
                    /api/metrics/calls?service=a&step=0     | step: 0 (expected: milliseconds, above zero)
                    /api/metrics/calls?service=a&ratePer=1m | ratePer: 1m (expected: milliseconds, above zero)
                    /api/metrics/calls?service=a&lookback=-1 | lookback: -1 (expected: milliseconds, above zero)
                    /api/metrics/calls?service=a&endTs=now  | endTs: now (expected: milliseconds since the epoch)
                    /api/metrics/calls?service=a&spanKind=x | spanKind: x (expected: one of unspecified, internal, server, client, producer, consumer)
                    /api/metrics/calls?service=a&groupByOperation=x | groupByOperation: x (expected: true or false)
                    /api/metrics/calls?service=a&lookback=9223372036854775807 | lookback and ratePer: 153722867280922 minutes (expected: at most 44640 together)
                    /api/metrics/calls?service=a&lookback=1200000000&ratePer=1200000000 | step: 1 minutes for 20001 points (expected: longer, for rates over 20000 minutes)
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
    @ValueSource(strings = {"/api/metrics", "/api/metrics/p99", "/api/"})
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
