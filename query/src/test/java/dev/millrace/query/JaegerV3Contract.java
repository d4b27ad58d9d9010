package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Span;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TraceStore;
import java.net.URLEncoder;
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

/// What clients ask of the third version of Jaeger's API over HTTP and what they get, whichever
/// store is below.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class JaegerV3Contract {

    private static final String DAY =
            "query.startTimeMin=2026-11-20T03:00:00Z&query.startTimeMax=2026-11-21T03:00:00Z&";

    private JaegerFixture fixture;
    private RunningQuery query;

    abstract TraceStore open(Path directory);

    @BeforeAll
    void start(@TempDir Path directory) {
        fixture = new JaegerFixture(open(directory));
        query = fixture.query;
        var traces = new ArrayList<List<Span>>();
        traces.add(SampleTraces.rich());
        traces.add(JaegerFixture.skewed());
        traces.add(SampleTraces.orphan(new TraceId(9, 9), "orphanage"));
        for (int i = 0; i < 101; i++) {
            traces.add(
                    SampleTraces.plain(
                            new TraceId(7, 1 + i),
                            "many",
                            SampleTraces.NOW_NANOS - Duration.ofHours(20).toNanos() - i));
        }
        fixture.keep(traces);
        fixture.count(Map.of(1, 2));
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource({
        "/api/v3/traces/4bf92f3577b34da6a3ce929d0e0e4736, rich-v3.json",
        "/api/v3/traces/S_kvNXezTaajzpKdDg5HNg?startTime=2026-11-20T03:00:00.000000001Z&endTime=2026-11-20T03:00:00%2B01:00, rich-v3.json",
        "/api/v3/traces/5e, skewed-v3.json",
        "/api/v3/traces/5e?rawTraces=false&raw_traces=true, skewed-v3.json",
        "/api/v3/traces/5e?rawTraces=true, skewed-raw-v3.json",
        "/api/v3/traces/5e?raw_traces=true, skewed-raw-v3.json"
    })
    void writesATraceAsOpenTelemetryDoes(String path, String golden) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(RunningQuery.golden(golden));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "query.serviceName=rack",
                "query.service_name=rack",
                "query.serviceName=desk&query.operationName=look",
                "query.service_name=desk&query.operation_name=look",
                "query.serviceName=rack&query.attributes={\"host.name\":\"rack-1\",\"span.kind\":\"server\"}",
                "query.attributes={\"host.name\":\"rack-1\"}",
                "query.serviceName=desk&query.durationMin=100ms&query.durationMax=0.1s",
                "query.serviceName=desk&query.duration_min=100ms&query.duration_max=100ms",
                "query.serviceName=desk&query.searchDepth=1",
                "query.serviceName=desk&query.search_depth=1&query.num_traces=7",
                "query.serviceName=desk&query.num_traces=1&query.rawTraces=false",
                "query.serviceName=desk&unknown=parameter"
            })
    void findsATraceByAnythingItHas(String conditions) {
        // When
        var response = query.get("/api/v3/traces?" + DAY + encoded(conditions));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(RunningQuery.golden("skewed-v3.json"));
    }

    @Test
    void findsATraceInOlderWordsAndRaw() {
        // When
        var response =
                query.get(
                        "/api/v3/traces?query.start_time_min=2026-11-21T02:49:59.5Z"
                                + "&query.start_time_max=2026-11-21T04:00:00%2B01:00"
                                + "&query.service_name=desk&query.raw_traces=true");

        // Then
        assertThat(response.body()).isEqualTo(RunningQuery.golden("skewed-raw-v3.json"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v3/traces/abc",
                "/api/v3/traces?" + DAY + "query.serviceName=none",
                "/api/v3/traces?" + DAY + "query.serviceName=desk&query.durationMin=1h",
                "/api/v3/traces?query.startTimeMin=2026-11-20T03:00:00Z"
                        + "&query.startTimeMax=2026-11-20T03:00:00Z"
            })
    void saysThatThereIsNoSuchTrace(String path) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.body()).isEqualTo(error(404, "No traces found"));
    }

    @Test
    void findsAHundredTracesUnlessToldOtherwise() {
        // When
        var byDefault = query.get("/api/v3/trace-summaries?" + DAY + "query.serviceName=many");
        var more =
                query.get(
                        "/api/v3/trace-summaries?"
                                + DAY
                                + "query.serviceName=many&query.searchDepth=101");

        // Then
        assertThat(byDefault.body().split("traceId", -1)).hasSize(1 + 100);
        assertThat(more.body().split("traceId", -1)).hasSize(1 + 101);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    query.serviceName=shop      => {"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","rootServiceName":"shop","rootOperationName":"POST /orders","minStartTimeUnixNano":"1795226400000000000","maxEndTimeUnixNano":"1795226400250000000","spanCount":3,"errorSpanCount":1,"orphanSpanCount":0,"services":[{"name":"bank/eu","spanCount":1,"errorSpanCount":0},{"name":"shop","spanCount":2,"errorSpanCount":1}]}
                    query.serviceName=orphanage => {"traceId":"00000000000000090000000000000009","rootServiceName":"","rootOperationName":"","minStartTimeUnixNano":"1795230000000000000","maxEndTimeUnixNano":"1795230000000000000","spanCount":1,"errorSpanCount":0,"orphanSpanCount":1,"services":[{"name":"orphanage","spanCount":1,"errorSpanCount":0}]}
                    query.serviceName=none      => §§
                    """)
    void summarisesWhatItFinds(String conditions, String summary) {
        // When
        var response = query.get("/api/v3/trace-summaries?" + DAY + conditions);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("{\"summaries\":[" + summary + "]}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    services                                => {"services":["bank/eu","desk","many","orphanage","rack","shop"]}
                    operations?service=shop                 => {"operations":[{"name":"POST /orders","spanKind":"server"},{"name":"step back","spanKind":"internal"}]}
                    operations?service=desk&spanKind=client => {"operations":[{"name":"look","spanKind":"client"}]}
                    operations?service=desk&span_kind=client&spanKind=server => {"operations":[{"name":"look","spanKind":"server"}]}
                    operations?service=desk&span_kind=client => {"operations":[{"name":"look","spanKind":"client"}]}
                    operations?service=none                 => {"operations":[]}
                    dependencies?startTime=2026-11-21T02:00:00Z&endTime=2026-11-21T03:00:00Z => {"dependencies":[{"parent":"till","child":"vault","callCount":"2"}]}
                    dependencies?start_time=2026-11-21T02:45:00Z&end_time=2026-11-21T02:55:00Z => {"dependencies":[{"parent":"desk","child":"rack","callCount":"1"}]}
                    dependencies?startTime=1970-01-01T00:00:00Z&endTime=1970-01-02T00:00:00Z => {"dependencies":[]}
                    """)
    void listsNamesAndLinks(String path, String body) {
        // When
        var response = query.get("/api/v3/" + path);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        assertThat(response.body()).isEqualTo(body);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    400 traces/xyz                  => trace_id: xyz (expected: 1 to 32 hexadecimal digits, or Base64 of 16 bytes, not all zero)
                    400 traces/1?startTime=1        => startTime: 1 (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 traces/1?start_time=1       => start_time: 1 (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 traces/1?endTime=1969-01-01T00:00:00Z => endTime: 1969-01-01T00:00:00Z (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 traces/1?rawTraces=maybe    => rawTraces: maybe (expected: true or false)
                    400 traces/1?raw_traces=maybe   => raw_traces: maybe (expected: true or false)
                    400 traces                      => query.startTimeMin: missing (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 traces?query.startTimeMin=2026-11-20T03:00:00Z => query.startTimeMax: missing (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 traces?query.start_time_min=x => query.start_time_min: x (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 traces?query.startTimeMin=2026-11-20T03:00:00Z&query.startTimeMax=2026-11-19T03:00:00Z => query.startTimeMin: 2026-11-20T03:00:00Z (expected: not after query.startTimeMax, 2026-11-19T03:00:00Z)
                    400 traces?DAY&query.durationMin=5  => query.durationMin: 5 (expected: a duration such as 1.5s, 20ms or 1h30m)
                    400 traces?DAY&query.duration_max=x => query.duration_max: x (expected: a duration such as 1.5s, 20ms or 1h30m)
                    400 traces?DAY&query.durationMin=2s&query.durationMax=1s => query.durationMax: 1s (expected: at least query.durationMin, 2s)
                    400 traces?DAY&query.searchDepth=0  => query.searchDepth: 0 (expected: 1 to 1500)
                    400 traces?DAY&query.num_traces=x   => query.num_traces: x (expected: 1 to 1500)
                    400 traces?DAY&query.attributes=x   => query.attributes: x (expected: a JSON object whose values are strings)
                    400 traces?DAY&query.rawTraces=x    => query.rawTraces: x (expected: true or false)
                    501 traces?DAY&query.filter=x       => query.filter: not supported (expected: query.attributes and its like)
                    400 trace-summaries                 => query.startTimeMin: missing (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 operations                      => service: missing (expected: the name of a service)
                    400 operations?service=a&spanKind=x => spanKind: x (expected: one of unspecified, internal, server, client, producer, consumer)
                    400 dependencies                    => startTime: missing (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 dependencies?startTime=2026-11-20T03:00:00Z => endTime: missing (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z)
                    400 dependencies?start_time=2026-11-20T03:00:00Z&end_time=2026-11-20T03:00:00Z => end_time: 2026-11-20T03:00:00Z (expected: after start_time, 2026-11-20T03:00:00Z)
                    404 spans                           => no such endpoint
                    """)
    void refusesWhatItDoesNotUnderstand(String question, String message) {
        // Given
        int status = Integer.parseInt(question.substring(0, 3));
        var path = question.substring(4).replace("DAY&", DAY);

        // When
        var response = query.get("/api/v3/" + path);

        // Then
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.body()).isEqualTo(error(status, message));
    }

    private static String error(int code, String message) {
        return "{\"error\":{\"httpCode\":" + code + ",\"message\":\"" + message + "\"}}";
    }

    // Names and values of parameters, but for what stands between them.
    private static String encoded(String parameters) {
        return URLEncoder.encode(parameters, StandardCharsets.UTF_8)
                .replace("%3D", "=")
                .replace("%26", "&");
    }
}
