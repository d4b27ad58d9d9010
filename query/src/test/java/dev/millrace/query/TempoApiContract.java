package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What Tempo's clients ask and what they get, whichever store is below.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TempoApiContract {

    private static final long NOW_SECONDS = SampleTraces.NOW.getEpochSecond();

    private TraceStore store;
    private RunningQuery query;

    abstract TraceStore open(Path directory);

    @BeforeAll
    void start(@TempDir Path directory) {
        store = open(directory);
        keep(0, SampleTraces.rich());
        keep(1, SampleTraces.orphan(new TraceId(9, 9), "orphanage"));
        for (int i = 1; i <= 5; i++) {
            keep(
                    1 + i,
                    SampleTraces.plain(
                            new TraceId(0, i),
                            "clock",
                            SampleTraces.NOW_NANOS - i * 1_000_000_000L));
        }
        query = new RunningQuery(store);
    }

    @AfterAll
    void stop() {
        query.close();
        store.close();
    }

    private void keep(int offset, List<Span> spans) {
        store.write(
                List.of(
                        new Fragment(
                                new FragmentId("traces-complete", 0, offset),
                                Tenant.DEFAULT,
                                spans.getFirst().traceId(),
                                OtlpEncoder.encode(spans))));
    }

    @ParameterizedTest
    @CsvSource({
        "/tempo/ready, text/plain, 'ready\n'",
        "/tempo/api/echo, text/plain, echo",
        "/tempo/api/status/buildinfo, application/json, '{\"version\":\"2.8.0\",\"revision\":\"millrace\",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}'"
    })
    void tellsThatItIsThere(String path, String type, String body) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type"))
                .hasValueSatisfying(header -> assertThat(header).startsWith(type));
        assertThat(response.body()).isEqualTo(body);
    }

    @ParameterizedTest
    @CsvSource({
        "/tempo/api/traces/4bf92f3577b34da6a3ce929d0e0e4736, tempo-trace.json",
        "/tempo/api/traces/4bf92f3577b34da6a3ce929d0e0e4736?start=1&end=2&mode=blocks, tempo-trace.json",
        "/tempo/api/v2/traces/4BF92F3577B34DA6A3CE929D0E0E4736, tempo-trace-v2.json"
    })
    void writesATraceAsJson(String path, String golden) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(RunningQuery.golden(golden));
    }

    @Test
    void writesATraceAsProtobuf() {
        // When
        var response =
                query.getBytes(
                        "/tempo/api/traces/" + SampleTraces.RICH, "accept", "application/protobuf");

        // Then
        assertThat(response.headers().firstValue("content-type")).hasValue("application/protobuf");
        assertThat(OtlpDecoder.spans(Slice.of(response.body()))).isEqualTo(SampleTraces.rich());
    }

    @Test
    void putsATraceOfTheSecondVersionIntoAnotherMessage() {
        // When
        var response =
                query.getBytes(
                        "/tempo/api/v2/traces/" + SampleTraces.RICH,
                        "accept",
                        "application/protobuf, application/json");

        // Then
        byte[] body = response.body();
        int length = (body[1] & 0x7f) | (body[2] & 0x7f) << 7;
        assertThat(body[0]).isEqualTo((byte) 0x0a);
        assertThat(length).isEqualTo(body.length - 3);
        assertThat(OtlpDecoder.spans(Slice.of(body, 3, length))).isEqualTo(SampleTraces.rich());
    }

    @ParameterizedTest
    @CsvSource({"/tempo/api/traces/abc", "/tempo/api/v2/traces/abc"})
    void saysThatATraceIsUnknown(String path) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.body()).isEqualTo("trace 00000000000000000000000000000abc: not found");
    }

    @Test
    void tellsOfASearchWhatItFoundAndWhere() {
        // When
        var response =
                search(
                        "{ resource.service.name = `shop` && span.cart.size < 0 && status = error }"
                                + " && { kind = client } | select(event:name, span.total) | count() = 2"
                                + " | avg(duration) > 1ms");

        // Then
        assertThat(response).isEqualTo(RunningQuery.golden("tempo-search.json"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    {}                                          => 9 1 2 3 4 5 4bf92f3577b34da6a3ce929d0e0e4736
                    { resource.service.name = "clock" }         => 1 2 3 4 5
                    { resource.service.name =~ "shop|orphanage" } => 9 4bf92f3577b34da6a3ce929d0e0e4736
                    { resource.service.name = "clock" || name = "lost" } => 9 1 2 3 4 5
                    { resource.service.name != "clock" }        => 9 4bf92f3577b34da6a3ce929d0e0e4736
                    { name = "pay \\"now\\"" && kind = client } => 4bf92f3577b34da6a3ce929d0e0e4736
                    { duration > 10ms && duration < 1s }        => 4bf92f3577b34da6a3ce929d0e0e4736
                    { duration = 10ms }                         => 1 2 3 4 5
                    { span.cart.size = -3 && resource.canary = true } => 4bf92f3577b34da6a3ce929d0e0e4736
                    { span.total = 12.5 }                       => 4bf92f3577b34da6a3ce929d0e0e4736
                    { event.key = "cart" }                      => 4bf92f3577b34da6a3ce929d0e0e4736
                    { link.why = "batch" && .flavour = "plain" } => 4bf92f3577b34da6a3ce929d0e0e4736
                    { name = "POST /orders" } >> { name = "step back" } => 4bf92f3577b34da6a3ce929d0e0e4736
                    { name = "step back" } >> { name = "POST /orders" } =>
                    {} | count() > 2                            => 4bf92f3577b34da6a3ce929d0e0e4736
                    { nestedSetParent < 0 && rootServiceName = "shop" } => 4bf92f3577b34da6a3ce929d0e0e4736
                    { false }                                   =>
                    """)
    void findsNewestFirst(String text, String ids) {
        // When
        var body = search(text);

        // Then
        assertThat(ids(body)).isEqualTo(ids == null ? "" : ids);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    tags=service.name=clock                     => 1 2 3 4 5
                    tags=service.name=clock kind=internal name=tick => 1 2 3 4 5
                    tags=cart.size=-3 status=error              => 4bf92f3577b34da6a3ce929d0e0e4736
                    tags=name="pay \\"now\\""                   => 4bf92f3577b34da6a3ce929d0e0e4736
                    tags=service.name=shop name=tick            =>
                    tags=service.name=clock&limit=2             => 1 2
                    tags=service.name=clock&start=NOW-3&end=NOW-1 => 1 2 3
                    q={}&start=NOW-2                            => 9 1 2
                    q={}&end=NOW-2                              => 2 3 4 5 4bf92f3577b34da6a3ce929d0e0e4736
                    q={}&start=0&end=0&limit=1                  => 9
                    minDuration=10ms                            => 1 2 3 4 5 4bf92f3577b34da6a3ce929d0e0e4736
                    maxDuration=0                               => 9
                    minDuration=11ms&maxDuration=1s&q={}        => 4bf92f3577b34da6a3ce929d0e0e4736
                    unknown=7&limit=1                           => 9
                    """)
    void takesEveryParameter(String parameters, String ids) {
        // When
        var response = query.get("/tempo/api/search?" + encoded(parameters));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(ids(response.body())).isEqualTo(ids == null ? "" : ids);
    }

    @Test
    void answersASearchByTagsWithoutSpans() {
        // When
        var body = query.get("/tempo/api/search?tags=service.name%3Dclock&limit=1").body();

        // Then
        assertThat(body)
                .isEqualTo(
                        "{\"traces\":[{\"traceID\":\"1\",\"rootServiceName\":\"clock\","
                                + "\"rootTraceName\":\"tick\","
                                + "\"startTimeUnixNano\":\"1795229999000000000\",\"durationMs\":10,"
                                + "\"serviceStats\":{\"clock\":{\"spanCount\":1}}}],"
                                + "\"metrics\":{\"inspectedTraces\":1,\"completedJobs\":1,"
                                + "\"totalJobs\":1}}");
    }

    @Test
    void showsAsManySpansOfASetAsAskedFor() {
        // When
        var one = query.get("/tempo/api/search?spss=1&q=" + encoded("{} | count() = 3")).body();

        // Then
        assertThat(one).containsOnlyOnce("\"spanSets\":[{\"spans\":[{\"spanID\"");
        assertThat(one).contains("\"matched\":3").doesNotContain("0000000000000002");
    }

    @Test
    void saysWhenTheRootHasNotArrived() {
        // When
        var body = search("{ resource.service.name = `orphanage` }");

        // Then
        assertThat(body)
                .startsWith(
                        "{\"traces\":[{\"traceID\":\"90000000000000009\","
                                + "\"rootServiceName\":\"<root span not yet received>\","
                                + "\"startTimeUnixNano\":\"1795230000000000000\",\"spanSet\":");
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    search/tags                                 => tempo-tags.json
                    v2/search/tags                              => tempo-tags-v2.json
                    """)
    void listsTheNamesOfTags(String path, String golden) {
        // When
        var response = query.get("/tempo/api/" + path);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(RunningQuery.golden(golden));
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    search/tags?scope=event                     => {"tagNames":["event","key"],"metrics":{"completedJobs":1,"totalJobs":1}}
                    search/tags?scope=link&limit=1              => {"tagNames":["opentracing.ref_type"],"metrics":{"completedJobs":1,"totalJobs":1}}
                    search/tags?q={ resource.service.name = "clock" } => {"tagNames":["service.name"],"metrics":{"completedJobs":1,"totalJobs":1}}
                    search/tags?start=NOW-3                     => {"tagNames":["service.name"],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tags?scope=instrumentation        => {"scopes":[{"name":"instrumentation","tags":["flavour"]}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tags?scope=resource&q={ resource. => {"scopes":[{"name":"resource","tags":["canary","process.command_args","process.pid","service.name"]}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    search/tag/service.name/values              => {"tagValues":["bank/eu","clock","orphanage","shop"],"metrics":{}}
                    search/tag/status/values                    => {"tagValues":["error","ok","unset"],"metrics":{}}
                    search/tag/cart.size/values                 => {"tagValues":["-3"],"metrics":{"completedJobs":1,"totalJobs":1}}
                    search/tag/nobody/values                    => {"tagValues":[],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tag/resource.service.name/values  => {"tagValues":[{"type":"string","value":"bank/eu"},{"type":"string","value":"clock"},{"type":"string","value":"orphanage"},{"type":"string","value":"shop"}],"metrics":{}}
                    v2/search/tag/.service.name/values?limit=1  => {"tagValues":[{"type":"string","value":"bank/eu"}],"metrics":{}}
                    v2/search/tag/resource.service.name/values?q={ name = "tick" } => {"tagValues":[{"type":"string","value":"clock"}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tag/kind/values                   => {"tagValues":[{"type":"keyword","value":"client"},{"type":"keyword","value":"consumer"},{"type":"keyword","value":"internal"},{"type":"keyword","value":"producer"},{"type":"keyword","value":"server"},{"type":"keyword","value":"unspecified"}],"metrics":{}}
                    v2/search/tag/name/values?q={ resource.service.name = "shop" } => {"tagValues":[{"type":"string","value":"POST /orders"},{"type":"string","value":"step back"}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tag/span.total/values             => {"tagValues":[{"type":"float","value":"12.5"}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tag/span.retry/values             => {"tagValues":[{"type":"bool","value":"false"}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tag/span.exact/values             => {"tagValues":[{"type":"int","value":"9007199254740991"}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tag/span.items/values             => {"tagValues":[],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tag/event:name/values             => {"tagValues":[{"type":"string","value":"cache miss"},{"type":"string","value":"named below"}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    v2/search/tag/duration/values?start=NOW-3   => {"tagValues":[{"type":"duration","value":"0s"},{"type":"duration","value":"10ms"}],"metrics":{"completedJobs":1,"totalJobs":1}}
                    """)
    void listsNamesAndValuesAsAskedFor(String path, String body) {
        // When
        int question = path.indexOf('?');
        var response =
                query.get(
                        "/tempo/api/"
                                + (question < 0
                                        ? path
                                        : path.substring(0, question + 1)
                                                + encoded(path.substring(question + 1))));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(body);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    400 traces/xyz              => trace id: xyz (expected: 1 to 32 hexadecimal digits, not all zero)
                    400 v2/traces/0             => trace id: 0 (expected: 1 to 32 hexadecimal digits, not all zero)
                    400 traces/1?start=now      => start: now (expected: seconds since the epoch)
                    400 search?q={ .a = }       => q: line 1, column 8: found `}` (expected: a field such as duration or span.http.route, or a value; an attribute begins with a dot or a scope)
                    400 search?q={} | rate()    => q: line 1, column 6: metrics are not supported: `rate`
                    400 search?q={}&tags=a=b    => tags: a=b (expected: not together with q)
                    400 search?tags=a           => tags: a (expected: key=value pairs with spaces between, such as a=b c="d e")
                    400 search?tags=a="b        => tags: a="b (expected: key=value pairs with spaces between, such as a=b c="d e")
                    400 search?tags=a=b"c       => tags: a=b"c (expected: key=value pairs with spaces between, such as a=b c="d e")
                    400 search?tags=a=b a=c     => tags: a=b a=c (expected: a once)
                    400 search?tags=status=bad  => tag status: bad (expected: one of unset, ok, error)
                    400 search?tags=kind=srv    => tag kind: srv (expected: one of unspecified, internal, server, client, producer, consumer)
                    400 search?limit=0          => limit: 0 (expected: 1 to 1500)
                    400 search?limit=1501       => limit: 1501 (expected: 1 to 1500)
                    400 search?limit=x          => limit: x (expected: 1 to 1500)
                    400 search?spss=0           => spss: 0 (expected: 1 to 100)
                    400 search?spss=101         => spss: 101 (expected: 1 to 100)
                    400 search?start=-1         => start: -1 (expected: seconds since the epoch)
                    400 search?end=9223372037   => end: 9223372037 (expected: seconds since the epoch)
                    400 search?start=5&end=5    => end: 5 (expected: after start, 5)
                    400 search?minDuration=20   => minDuration: 20 (expected: a duration such as 1.5s, 20ms or 1h30m)
                    400 search?minDuration=2s&maxDuration=1s => maxDuration: 1s (expected: at least minDuration, 2s)
                    400 search/tags?scope=trace => scope: trace (expected: one of none, span, resource, event, link, instrumentation, intrinsic)
                    400 v2/search/tags?limit=0  => limit: 0 (expected: 1 to 10000)
                    400 v2/search/tag/parent.a/values => tag parent.a: line 1, column 1: attributes of a parent are not supported
                    400 v2/search/tag/span:x/values => tag span:x: line 1, column 1: found `span:x` (expected: one of
                    501 metrics/query_range?q={} => metrics of TraceQL are not supported
                    501 metrics/query?q={}      => metrics of TraceQL are not supported
                    404 overrides               => no such endpoint
                    """)
    void refusesWhatItDoesNotUnderstand(String statusAndPath, String message) {
        // When
        String path = statusAndPath.substring(4);
        int question = path.indexOf('?');
        var response =
                query.get(
                        "/tempo/api/"
                                + (question < 0
                                        ? path
                                        : path.substring(0, question + 1)
                                                + encoded(path.substring(question + 1))));

        // Then
        assertThat(response.statusCode() + " " + response.body())
                .startsWith(statusAndPath.substring(0, 4) + message);
        assertThat(response.headers().firstValue("content-type"))
                .hasValue("text/plain; charset=utf-8");
    }

    private String search(String text) {
        var response = query.get("/tempo/api/search?q=" + encoded(text));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    private static String ids(String body) {
        return String.join(
                " ",
                Arrays.stream(body.split("\"traceID\":\""))
                        .skip(1)
                        .map(part -> part.substring(0, part.indexOf('"')))
                        .map(id -> id.equals("90000000000000009") ? "9" : id)
                        .toList());
    }

    /// The values of parameters encoded, and `NOW-3` the seconds of three seconds ago.
    private static String encoded(String parameters) {
        if (parameters.startsWith("{")) {
            return URLEncoder.encode(parameters, StandardCharsets.UTF_8);
        }
        var encoded = new ArrayList<String>();
        for (var parameter : parameters.split("&(?=[a-zA-Z]+=)", -1)) {
            int equals = parameter.indexOf('=');
            String value = parameter.substring(equals + 1);
            if (value.startsWith("NOW-")) {
                value = Long.toString(NOW_SECONDS - Long.parseLong(value.substring(4)));
            }
            encoded.add(
                    parameter.substring(0, equals + 1)
                            + URLEncoder.encode(value, StandardCharsets.UTF_8));
        }
        return String.join("&", encoded);
    }
}
