package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.analysis.Series;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DecisionLookup.Found;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.TraceDecision;
import dev.millrace.storage.api.TraceDecision.Digest;
import dev.millrace.storage.api.TraceDecision.Stretch;
import dev.millrace.storage.api.TraceDecision.Upgrade;
import dev.millrace.storage.api.TraceDecision.Verdict;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.ProtoWriter;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is asked of our own API and what comes back, whichever store is below; every answer is one
/// that the description of the API announces.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class NativeApiContract {

    private static final long NOW_MINUTE = SampleTraces.NOW.getEpochSecond() / 60;
    private static final TraceId DROPPED = TraceId.parse("d0");
    private static final TraceId LONG_AGO = TraceId.parse("a90");
    private static final Series CALL = new Dependency("shop", "bank/eu", Connection.PLAIN);
    private static final Series QUERY = new Dependency("bank/eu", "books", Connection.DATABASE);
    private static final Series ORDER = new Operation("shop", "POST /orders", SpanKind.SERVER);
    private static final Series PAY = new Operation("bank/eu", "pay \"now\"", SpanKind.CLIENT);

    private TraceStore store;
    private RunningQuery query;
    private OpenApiCheck description;

    /// Opens a store that keeps these.
    abstract TraceStore open(
            Path directory, List<Fragment> fragments, List<DependencyMinute> minutes);

    @BeforeAll
    void start(@TempDir Path directory) {
        store =
                open(
                        directory,
                        List.of(
                                fragment(0, SampleTraces.rich()),
                                fragment(1, SampleTraces.orphan(new TraceId(9, 9), "orphanage")),
                                fragment(2, clock(1)),
                                fragment(3, clock(2)),
                                fragment(4, clock(3))),
                        List.of(
                                minute(
                                        NOW_MINUTE - 90,
                                        Map.of(
                                                CALL,
                                                figures(7, 7, 320),
                                                ORDER,
                                                figures(7, 7, 320))),
                                minute(
                                        NOW_MINUTE - 10,
                                        Map.of(
                                                CALL,
                                                figures(5, 2, 700),
                                                ORDER,
                                                figures(9, 0, 320))),
                                minute(
                                        NOW_MINUTE - 9,
                                        Map.of(
                                                CALL,
                                                figures(3, 0, 700),
                                                QUERY,
                                                figures(1, 0, 640),
                                                ORDER,
                                                figures(1, 1, 640),
                                                PAY,
                                                figures(2, 0, 650)))));
        query = new RunningQuery(store, (_, id, from, _) -> decisions(id, from));
        description = new OpenApiCheck(RunningQuery.golden("openapi.json"));
    }

    @AfterAll
    void stop() {
        query.close();
        store.close();
    }

    private static List<Span> clock(long number) {
        return SampleTraces.plain(
                new TraceId(0, number), "clock", SampleTraces.NOW_NANOS - number * 1_000_000L);
    }

    private static Fragment fragment(long offset, List<Span> spans) {
        return new Fragment(
                new FragmentId("traces-complete", 0, offset),
                Tenant.DEFAULT,
                spans.getFirst().traceId(),
                OtlpEncoder.encode(spans));
    }

    private HttpResponse<String> get(String address) {
        return description.announced(address, query.get(address));
    }

    @Test
    void writesATraceAsOtlpJsonAndAsProtobuf() {
        // When
        var json = get("/v1/traces/" + SampleTraces.RICH);
        var protobuf =
                query.getBytes(
                        "/v1/traces/" + SampleTraces.RICH, "accept", "application/x-protobuf");

        // Then
        assertThat(json.body()).isEqualTo(RunningQuery.golden("rich-otlp.json"));
        assertThat(OtlpDecoder.spans(Slice.of(protobuf.body()))).isEqualTo(SampleTraces.rich());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    /v1/services                      | {"services":["bank/eu","clock","orphanage","shop"]}
                    /v1/services/bank%2Feu/operations | {"operations":[{"name":"pay \\"now\\"","kind":"client"}]}
                    /v1/services/nobody/operations    | {"operations":[]}
                    /v1/search?service=nobody         | {"traces":[],"nextCursor":null}
                    """)
    void listsNames(String address, String body) {
        assertThat(get(address).body()).isEqualTo(body);
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/search?service=shop&operation=POST+%2Forders&kind=server&status=error&attribute=http.request.method%3DPOST&attribute=canary=true&minDuration=0.25s&maxDuration=250ms&start=2026-11-21T00:00:00Z&end=1795230000000000000&limit=5, 4bf92f3577b34da6a3ce929d0e0e4736",
        "/v1/search?service=clock&start=1795229999998000000&end=1795229999998000000, 00000000000000000000000000000002",
        "/v1/search?service=clock&limit=2&cursor=1795229999998000000-00000000000000000000000000000002, 00000000000000000000000000000003"
    })
    void findsWhatIsSearchedFor(String address, String traceId) {
        // When
        var found = OpenApiCheck.read(get(address).body());

        // Then
        assertThat(found.path("traces").findValuesAsText("traceId")).containsExactly(traceId);
        assertThat(found.path("nextCursor").isNull()).isTrue();
    }

    @Test
    void givesTheCursorOfTheNextPage() {
        // When
        var found = OpenApiCheck.read(get("/v1/search?service=clock&limit=2").body());

        // Then
        assertThat(found.path("nextCursor").asText())
                .isEqualTo("1795229999998000000-00000000000000000000000000000002");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    /v1/attributes?service=shop | {"keys":{"resource":["canary","process.command_args","process.pid","service.name"],"scope":["flavour"],"span":["address","beyond","cart.size","exact","http.request.method","items","nothing","ratio","retry","signature","total"],"event":["event","key"],"link":["opentracing.ref_type","why"]},"tracesRead":1}
                    /v1/attributes?scope=event  | {"keys":{"event":["event","key"]},"tracesRead":5}
                    /v1/attributes?scope=resource&prefix=process.p | {"keys":{"resource":["process.pid"]},"tracesRead":5}
                    /v1/attributes?scope=resource&start=2026-11-21T02:59:59Z | {"keys":{"resource":["service.name"]},"tracesRead":4}
                    /v1/attributes?scope=span&end=1 | {"keys":{"span":[]},"tracesRead":0}
                    /v1/attributes?scope=link&limit=1 | {"keys":{"link":["opentracing.ref_type"]},"tracesRead":5,"partial":true,"reasons":["there are more than 1; these are the first"]}
                    /v1/attributes/service.name/values | {"key":"service.name","values":[{"type":"string","value":"bank/eu"},{"type":"string","value":"clock"},{"type":"string","value":"orphanage"},{"type":"string","value":"shop"}],"tracesRead":5}
                    /v1/attributes/service.name/values?prefix=c | {"key":"service.name","values":[{"type":"string","value":"clock"}],"tracesRead":5}
                    /v1/attributes/service.name/values?limit=2 | {"key":"service.name","values":[{"type":"string","value":"bank/eu"},{"type":"string","value":"clock"}],"tracesRead":5,"partial":true,"reasons":["there are more than 2; these are the first"]}
                    /v1/attributes/service.name/values?scope=span | {"key":"service.name","values":[],"tracesRead":5}
                    /v1/attributes/service.name/values?service=clock&start=0&end=2026-11-21T03:00:00Z | {"key":"service.name","values":[{"type":"string","value":"clock"}],"tracesRead":3}
                    /v1/attributes/process.pid/values | {"key":"process.pid","values":[{"type":"int","value":"4242"}],"tracesRead":5}
                    /v1/attributes/canary/values | {"key":"canary","values":[{"type":"bool","value":"true"}],"tracesRead":5}
                    /v1/attributes/total/values | {"key":"total","values":[{"type":"double","value":"12.5"}],"tracesRead":5}
                    /v1/attributes/process.command_args/values | {"key":"process.command_args","values":[{"type":"array","value":"[shop, 8]"}],"tracesRead":5}
                    /v1/attributes/signature/values | {"key":"signature","values":[],"tracesRead":5}
                    """)
    void tellsOfAttributes(String address, String body) {
        assertThat(get(address).body()).isEqualTo(body);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    /v1/dependencies | {"start":"2026-11-21T02:00:00Z","end":"2026-11-21T03:01:00Z","links":[{"caller":"bank/eu","callee":"books","connection":"database","seen":1,"calls":1,"errors":0,"p50Nanos":"17039360","p95Nanos":"17039360","p99Nanos":"17039360"},{"caller":"shop","callee":"bank/eu","connection":"plain","seen":8,"calls":8,"errors":2,"p50Nanos":"63438848","p95Nanos":"63438848","p99Nanos":"63438848"}]}
                    /v1/dependencies?service=books | {"start":"2026-11-21T02:00:00Z","end":"2026-11-21T03:01:00Z","links":[{"caller":"bank/eu","callee":"books","connection":"database","seen":1,"calls":1,"errors":0,"p50Nanos":"17039360","p95Nanos":"17039360","p99Nanos":"17039360"}]}
                    /v1/dependencies?start=2026-11-21T01:00:00Z&end=2026-11-21T02:00:00Z | {"start":"2026-11-21T01:00:00Z","end":"2026-11-21T02:01:00Z","links":[{"caller":"shop","callee":"bank/eu","connection":"plain","seen":7,"calls":7,"errors":7,"p50Nanos":"16640","p95Nanos":"16640","p99Nanos":"16640"}]}
                    /v1/dependencies?start=2026-11-21T01:00:00Z&service=nobody | {"start":"2026-11-21T01:00:00Z","end":"2026-11-21T03:01:00Z","links":[]}
                    /v1/red?service=shop | {"start":"2026-11-21T02:00:00Z","end":"2026-11-21T03:01:00Z","stepSeconds":120,"series":[{"service":"shop","operation":"POST /orders","kind":"server","points":[{"time":"2026-11-21T02:50:00Z","seen":10,"calls":10,"errors":1,"p50Nanos":"16640","p95Nanos":"17039360","p99Nanos":"17039360"}]}]}
                    /v1/red?step=1m&kind=SERVER&operation=POST+/orders | {"start":"2026-11-21T02:00:00Z","end":"2026-11-21T03:01:00Z","stepSeconds":60,"series":[{"service":"shop","operation":"POST /orders","kind":"server","points":[{"time":"2026-11-21T02:50:00Z","seen":9,"calls":9,"errors":0,"p50Nanos":"16640","p95Nanos":"16640","p99Nanos":"16640"},{"time":"2026-11-21T02:51:00Z","seen":1,"calls":1,"errors":1,"p50Nanos":"17039360","p95Nanos":"17039360","p99Nanos":"17039360"}]}]}
                    /v1/red?step=10m&kind=client&start=2026-11-21T02:45:00Z&end=2026-11-21T02:59:00Z | {"start":"2026-11-21T02:45:00Z","end":"2026-11-21T03:00:00Z","stepSeconds":600,"series":[{"service":"bank/eu","operation":"pay \\"now\\"","kind":"client","points":[{"time":"2026-11-21T02:50:00Z","seen":2,"calls":2,"errors":0,"p50Nanos":"22282240","p95Nanos":"22282240","p99Nanos":"22282240"}]}]}
                    /v1/red?service=nobody | {"start":"2026-11-21T02:00:00Z","end":"2026-11-21T03:01:00Z","stepSeconds":120,"series":[]}
                    """)
    void tellsOfFigures(String address, String body) {
        assertThat(get(address).body()).isEqualTo(body);
    }

    @Test
    void saysWhatCanBeAskedBesideTraces() {
        assertThat(get("/v1/features").body()).isEqualTo("{\"decisions\":true,\"figures\":true}");
    }

    @Test
    void tellsWhyATraceWasDroppedAndKeptAfterAll() {
        // When
        var response = get("/v1/traces/d0/decision");

        // Then
        assertThat(response.body()).isEqualTo(RunningQuery.golden("decision-native.json"));
        assertThat(response.headers().firstValue("millrace-partial")).isEmpty();
    }

    @Test
    void saysThatNoDecisionWasFoundInTimeOrThatThereIsNone() {
        // When
        var unknown = get("/v1/traces/1/decision");
        var cut = get("/v1/traces/a90/decision");
        var hinted =
                get("/v1/traces/a90/decision?start=2026-11-21T02:00:00Z&end=1795230000000000000");

        // Then
        assertThat(unknown.statusCode()).isEqualTo(200);
        assertThat(unknown.body())
                .startsWith("{\"traceId\":\"00000000000000000000000000000001\",\"decisions\":[],")
                .doesNotContain("partial");
        assertThat(cut.statusCode()).isEqualTo(200);
        assertThat(cut.body())
                .isEqualTo(
                        "{\"traceId\":\"00000000000000000000000000000a90\",\"decisions\":[],"
                                + "\"decisionsRead\":70,\"partial\":true,"
                                + "\"reasons\":[\"30 were not looked at\"]}");
        assertThat(cut.headers().firstValue("millrace-partial")).hasValue("30 were not looked at");
        assertThat(hinted.body()).contains("\"decisions\":[]").doesNotContain("partial");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    /v1/traces/xyz            | trace id: xyz (expected: 1 to 32 hexadecimal digits, not all zero)
                    /v1/traces/1?raw=1        | parameter: raw (expected: no parameters)
                    /v1/services?raw=1        | parameter: raw (expected: no parameters)
                    /v1/services/a/operations?raw=1 | parameter: raw (expected: no parameters)
                    /v1/openapi.json?raw=1    | parameter: raw (expected: no parameters)
                    /v1/search?limit=1501     | limit: 1501 (expected: 1 to 1500)
                    /v1/search?kind=srv       | kind: srv (expected: one of unspecified, internal, server, client, producer, consumer)
                    /v1/search?status=bad     | status: bad (expected: one of unset, ok, error)
                    /v1/search?attribute=a    | attribute: a (expected: key=value)
                    /v1/search?minDuration=20 | minDuration: 20 (expected: a duration such as 1.5s, 20ms or 1h30m)
                    /v1/search?maxDuration=20 | maxDuration: 20 (expected: a duration such as 1.5s, 20ms or 1h30m)
                    /v1/search?minDuration=2s&maxDuration=1s | maxDuration: 1s (expected: at least minDuration, 2s)
                    /v1/search?start=today    | start: today (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z, or nanoseconds since the epoch)
                    /v1/search?end=now        | end: now (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z, or nanoseconds since the epoch)
                    /v1/search?start=5&end=4  | start: 5 (expected: not after end, 4)
                    /v1/search?cursor=7-x     | cursor: 7-x (expected: the nextCursor of an earlier page)
                    /v1/search?service=a&service=b | service: a, b (expected: one value)
                    /v1/attributes?scope=tag  | scope: tag (expected: one of resource, scope, span, event, link)
                    /v1/attributes?limit=0    | limit: 0 (expected: 1 to 10000)
                    /v1/attributes?start=5&end=4 | start: 5 (expected: not after end, 4)
                    /v1/attributes?key=a      | parameter: key (expected: one of end, limit, prefix, scope, service, start)
                    /v1/attributes?prefix=a&prefix=b | prefix: a, b (expected: one value)
                    /v1/attributes/a/values?scope=tag | scope: tag (expected: one of resource, scope, span, event, link)
                    /v1/attributes/a/values?limit=x | limit: x (expected: 1 to 10000)
                    /v1/attributes/a/values?end=now | end: now (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z, or nanoseconds since the epoch)
                    /v1/dependencies?start=now | start: now (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z, or nanoseconds since the epoch)
                    /v1/dependencies?start=2026-11-21T03:00:01Z | start: 2026-11-21T03:00:01Z (expected: not after end, now)
                    /v1/dependencies?start=2026-10-01T00:00:00Z | start: 2026-10-01T00:00:00Z (expected: at most 31 days before end, now)
                    /v1/dependencies?start=0&end=2026-11-21T03:00:00Z | start: 0 (expected: at most 31 days before end, 2026-11-21T03:00:00Z)
                    /v1/dependencies?step=1m  | parameter: step (expected: one of end, service, start)
                    /v1/red?step=90s          | step: 90s (expected: whole minutes, such as 5m, and at least 1m for this range)
                    /v1/red?step=0            | step: 0 (expected: whole minutes, such as 5m, and at least 1m for this range)
                    /v1/red?step=1m&start=2026-11-01T00:00:00Z | step: 1m (expected: whole minutes, such as 5m, and at least 20m for this range)
                    /v1/red?kind=srv          | kind: srv (expected: one of unspecified, internal, server, client, producer, consumer)
                    /v1/red?start=1&end=4611686018427387904 | start: 1 (expected: at most 31 days before end, 4611686018427387904)
                    /v1/red?limit=1           | parameter: limit (expected: one of by, end, kind, operation, service, start, step)
                    /v1/traces/0/decision     | trace id: 0 (expected: 1 to 32 hexadecimal digits, not all zero)
                    /v1/traces/1/decision?start=5&end=4 | start: 5 (expected: not after end, 4)
                    /v1/traces/1/decision?end=now | end: now (expected: an RFC 3339 time such as 2026-11-21T03:00:00Z, or nanoseconds since the epoch)
                    /v1/traces/1/decision?service=a | parameter: service (expected: one of end, start)
                    """)
    void refusesWhatItDoesNotUnderstand(String address, String message) {
        // When
        var response = get(address);

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body())
                .isEqualTo("{\"error\":{\"status\":400,\"message\":\"" + message + "\"}}");
    }

    @Test
    void saysThatATraceIsUnknown() {
        assertThat(get("/v1/traces/abc").statusCode()).isEqualTo(404);
    }

    private static Found decisions(TraceId id, Instant from) {
        if (id.equals(DROPPED)) {
            var dropped = decision(Verdict.DROP, "rest", 0xff000000000000L, 0, Upgrade.NONE);
            var kept = decision(Verdict.KEEP, "errors", 0, 1, Upgrade.ASKED);
            return new Found(List.of(dropped, kept), 5_000, Optional.empty());
        }
        return id.equals(LONG_AGO) && from.equals(Instant.EPOCH)
                ? new Found(List.of(), 70, Optional.of("30 were not looked at"))
                : new Found(List.of(), 70, Optional.empty());
    }

    private static TraceDecision decision(
            Verdict verdict, String policy, long threshold, int fragment, Upgrade upgrade) {
        return new TraceDecision(
                verdict,
                policy,
                threshold,
                threshold,
                0x80000000000000L,
                false,
                17,
                fragment,
                upgrade,
                SampleTraces.NOW.plusSeconds(10L + fragment),
                SampleTraces.NOW.plusSeconds(10),
                new Digest(
                        "shop",
                        "POST /orders",
                        fragment == 0,
                        SampleTraces.NOW_NANOS,
                        250_000_000,
                        3,
                        fragment,
                        1,
                        1_234,
                        List.of("bank/eu", "shop")),
                new Stretch("spans", 3, 100 + fragment, 120 + fragment),
                new Stretch("sampling-decisions", 3, 40 + fragment, 40 + fragment));
    }

    private static DependencyMinute minute(long minute, Map<Series, Figures> figures) {
        return new DependencyMinute(
                Tenant.DEFAULT,
                minute,
                0,
                1,
                figures.entrySet().stream()
                        .map(entry ->
                                new DependencyDelta.Entry(minute, entry.getKey(), entry.getValue()))
                        .toList());
    }

    /// Figures as a record of `dependencies` has them, all durations in one bucket of the sketch.
    private static Figures figures(long calls, long errors, int bucket) {
        var writer = new ProtoWriter(64).text(1, Tenant.DEFAULT.name());
        writer.bytes(6, Slice.of("any".getBytes(StandardCharsets.UTF_8)));
        int minute = writer.open(7);
        int operation = writer.open(3);
        byte[] pair = {(byte) ((bucket & 0x7f) | 0x80), (byte) (bucket >> 7), (byte) calls};
        writer.number(5, calls).number(7, errors).bytes(9, Slice.of(pair));
        writer.close(operation);
        writer.close(minute);
        return DependencyDelta.decode(writer.finish()).entries().getFirst().figures();
    }
}
