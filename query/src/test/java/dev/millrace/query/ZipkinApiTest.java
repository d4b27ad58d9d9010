package dev.millrace.query;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Fragment;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Zipkin's API before two stores: each question is put to both, and both say the same.
class ZipkinApiTest {

    private enum Kind {
        MEMORY,
        LOCAL
    }

    private static final String ORDER = "7180c278b62e8f6a216a2aea45d08fc9";
    private static final Pattern ROOT_ID = Pattern.compile("\\[\\{\"traceId\":\"0*([0-9a-f]+)\"");
    private static final ZipkinConfig CONFIG =
            new ZipkinConfig(true, true, Duration.ofDays(1), List.of("http.path", "tier"));

    private static final Map<Kind, ZipkinServer> SERVERS = new EnumMap<>(Kind.class);

    /// An order an hour ago, sent by Zipkin's clients; ledger entries of ids b0, b1 and so on, half
    /// an hour and a millisecond more ago each, from OpenTelemetry; and one entry two days ago.
    @BeforeAll
    static void start() {
        SERVERS.put(Kind.MEMORY, new ZipkinServer(new MemoryTraceStore(), CONFIG));
        SERVERS.put(Kind.LOCAL, new ZipkinServer(ZipkinServer.local(), CONFIG));
        var order =
                Slice.of(RunningQuery.golden("order-zipkin.json").getBytes(StandardCharsets.UTF_8));
        for (var server : SERVERS.values()) {
            var fragments = new ArrayList<Fragment>();
            fragments.add(server.fragment(TraceId.parse(ORDER), order));
            for (int i = 0; i < 12; i++) {
                fragments.add(entry(server, 0xb0 + i, Duration.ofMinutes(30).plusMillis(i)));
            }
            fragments.add(entry(server, 0xc0, Duration.ofDays(2)));
            server.write(fragments);
        }
    }

    private static Fragment entry(ZipkinServer server, long id, Duration ago) {
        var traceId = new TraceId(0, id);
        var spans = SampleTraces.plain(traceId, "Ledger", SampleTraces.NOW_NANOS - ago.toNanos());
        return new Fragment(server.nextId(), Tenant.DEFAULT, traceId, OtlpEncoder.encode(spans));
    }

    @AfterAll
    static void stop() {
        SERVERS.values().forEach(ZipkinServer::close);
    }

    private static HttpResponse<String> get(Kind store, String path) {
        var server = requireNonNull(SERVERS.get(store));
        var response = server.get(path);
        // Everything is served to the UI's base too.
        assertThat(server.get("/zipkin" + path).body()).isEqualTo(response.body());
        return response;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v2/trace/7180c278b62e8f6a216a2aea45d08fc9",
                "/api/v2/trace/%207180c278b62e8f6a216a2aea45d08fc9%20"
            })
    void givesATraceBackAsItWasSent(String path) {
        for (var store : Kind.values()) {
            // When
            var response = get(store, path);

            // Then
            assertThat(response.statusCode()).as("%s", store).isEqualTo(200);
            assertThat(response.headers().firstValue("content-type")).contains("application/json");
            assertThat(response.body())
                    .as("%s", store)
                    .isEqualTo(RunningQuery.golden("order-zipkin.json"));
        }
    }

    @Test
    void writesASpanOfOpenTelemetryAsZipkinDoes() {
        for (var store : Kind.values()) {
            // When
            var response = get(store, "/api/v2/trace/b0");

            // Then
            assertThat(response.body())
                    .as("%s", store)
                    .isEqualTo(
                            "[{\"traceId\":\"00000000000000b0\",\"id\":\"00000000000000b0\","
                                    + "\"name\":\"tick\",\"timestamp\":1795228200000000,"
                                    + "\"duration\":10000,"
                                    + "\"localEndpoint\":{\"serviceName\":\"ledger\"},"
                                    + "\"tags\":{\"span.kind\":\"internal\"}}]");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    /api/v2/services                          | ["bank","ledger","shop"]
                    /api/v2/spans?serviceName=shop            | ["get /orders","pay"]
                    /api/v2/spans?serviceName=LEDGER          | ["tick"]
                    /api/v2/spans?serviceName=nobody          | []
                    /api/v2/remoteServices?serviceName=Shop   | ["bank","browser"]
                    /api/v2/remoteServices?serviceName=bank   | []
                    /api/v2/autocompleteKeys                  | ["http.path","tier"]
                    /api/v2/autocompleteValues?key=http.path  | ["/orders"]
                    /api/v2/autocompleteValues?key=tier       | []
                    /api/v2/autocompleteValues?key=user       | []
                    /api/v2/dependencies?endTs=1795230000000  | [{"parent":"browser","child":"shop","callCount":1},{"parent":"shop","child":"bank","callCount":1,"errorCount":1}]
                    /api/v2/dependencies?endTs=1795230000000&lookback=1000 | []
                    """)
    void answersWithNamesAndLinks(String path, String expected) {
        for (var store : Kind.values()) {
            // When
            var response = get(store, path);

            // Then
            assertThat(response.statusCode()).as("%s", store).isEqualTo(200);
            assertThat(response.body()).as("%s", store).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                                                                     | b0 b1 b2 b3 b4 b5 b6 b7 b8 b9
                    limit=2                                          | b0 b1
                    limit=1500&lookback=172800000&minDuration=10000&maxDuration=10000 | b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 ba bb c0
                    unknown=parameter&limit=1                        | b0
                    serviceName=shop                                 | order
                    serviceName=SHOP&spanName=PAY                    | order
                    serviceName=shop&spanName=all                    | order
                    serviceName=shop&spanName=tick                   |
                    serviceName=bank&spanName=get+/orders            |
                    spanName=pay                                     | order
                    serviceName=nobody                               |
                    serviceName=&remoteServiceName=Browser           | order
                    serviceName=bank&remoteServiceName=browser       |
                    serviceName=shop&minDuration=200000              | order
                    serviceName=shop&minDuration=350001              |
                    serviceName=shop&minDuration=350000&maxDuration=350000 | order
                    serviceName=bank&minDuration=150001              |
                    minDuration=1&maxDuration=9999                   |
                    annotationQuery=http.path%3D/orders              | order
                    annotationQuery=http.path%3D/order               |
                    annotationQuery=http.path                        | order
                    annotationQuery=http.path%3D                     | order
                    annotationQuery=retry                            | order
                    annotationQuery=retry%3D1                        |
                    annotationQuery=error                            | order
                    annotationQuery=error%3Drefused                  | order
                    annotationQuery=error%3Dtrue                     | order
                    serviceName=shop&annotationQuery=error%3Dtrue    |
                    annotationQuery=user%3Da+b%26c%3Dd               | order
                    annotationQuery=+retry++and+http.path%3D/orders  | order
                    annotationQuery=retry+and+nothing                |
                    annotationQuery=http.path%3D/x+and+http.path%3D/orders | order
                    serviceName=bank&annotationQuery=retry           |
                    serviceName=ledger&limit=1&annotationQuery=span.kind%3Dinternal | b0
                    endTs=1795226400000&lookback=1                   | order
                    endTs=1795226399999&lookback=1                   |
                    endTs=1795226400350&lookback=350                 | order
                    endTs=1795226400350&lookback=349                 |
                    endTs=1795228200000&limit=2&serviceName=ledger   | b0 b1
                    endTs=1795228199999&serviceName=ledger&limit=1   | b1
                    endTs=9223372036854775807&lookback=9223372036854775807&limit=1 | b0
                    """)
    void findsTracesByTheRulesOfZipkin(@Nullable String parameters, @Nullable String expected) {
        for (var store : Kind.values()) {
            // When
            var response = get(store, "/api/v2/traces?" + text(parameters));

            // Then
            assertThat(response.statusCode()).as("%s", store).isEqualTo(200);
            assertThat(ids(response.body())).as("%s", store).isEqualTo(text(expected));
        }
    }

    private static String text(@Nullable String cell) {
        return cell == null ? "" : cell;
    }

    private static String ids(String body) {
        return String.join(
                        " ", ROOT_ID.matcher(body).results().map(match -> match.group(1)).toList())
                .replace(ORDER, "order");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    traceIds=b3,7180c278b62e8f6a216a2aea45d08fc9     | b3 order
                    traceIds=b3,+00000000000000b3,b4,ff              | b3 b4
                    traceIds=000000000000000b3,fe                    | b3
                    traceIds=fe,ff                                   |
                    """)
    void fetchesSeveralTracesAndLeavesUnknownOnesOut(String parameters, @Nullable String expected) {
        for (var store : Kind.values()) {
            // When
            var response = get(store, "/api/v2/traceMany?" + parameters);

            // Then
            assertThat(response.statusCode()).as("%s", store).isEqualTo(200);
            assertThat(ids(response.body())).as("%s", store).isEqualTo(text(expected));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    traces?endTs=0                        | 400 | endTs <= 0
                    traces?endTs=-5                       | 400 | endTs <= 0
                    traces?endTs=now                      | 400 | endTs: now (expected: a whole number)
                    traces?lookback=0                     | 400 | lookback <= 0
                    traces?lookback=1d                    | 400 | lookback: 1d (expected: a whole number)
                    traces?limit=0                        | 400 | limit <= 0
                    traces?limit=ten                      | 400 | limit: ten (expected: a whole number)
                    traces?limit=1501                     | 400 | limit: 1501 (expected: 1 to 1500)
                    traces?minDuration=0                  | 400 | minDuration <= 0
                    traces?minDuration=1.5                | 400 | minDuration: 1.5 (expected: a whole number)
                    traces?maxDuration=5                  | 400 | maxDuration is only valid with minDuration
                    traces?minDuration=5&maxDuration=4    | 400 | maxDuration < minDuration
                    trace/B0                              | 400 | B0 should be lower-hex encoded with no prefix
                    trace/0x1                             | 400 | 0x1 should be lower-hex encoded with no prefix
                    trace/0000                            | 400 | traceId is all zeros
                    trace/%20                             | 400 | traceId is empty
                    trace/7180c278b62e8f6a216a2aea45d08fc9a | 400 | traceId.length > 32
                    trace/ff                              | 404 | ff not found
                    traceMany                             | 400 | traceIds parameter is empty
                    traceMany?traceIds=b0                 | 400 | traceIds: b0 (expected: several different ids with commas between; for one there is /api/v2/trace/00000000000000b0)
                    traceMany?traceIds=b0,00b0            | 400 | traceIds: b0,00b0 (expected: several different ids with commas between; for one there is /api/v2/trace/00000000000000b0)
                    traceMany?traceIds=b0,                | 400 | traceId is empty
                    spans                                 | 400 | serviceName: missing (expected: the name of a service)
                    remoteServices?serviceName=           | 400 | serviceName: missing (expected: the name of a service)
                    autocompleteValues                    | 400 | key: missing (expected: the key of a tag)
                    dependencies                          | 400 | endTs: missing (expected: milliseconds since the epoch)
                    dependencies?endTs=0                  | 400 | endTs <= 0
                    dependencies?endTs=1&lookback=-1      | 400 | lookback <= 0
                    nothing                               | 404 | no such endpoint
                    """)
    void saysInPlainTextWhatIsWrong(String path, int status, String expected) {
        for (var store : Kind.values()) {
            // When
            var response = get(store, "/api/v2/" + path);

            // Then
            assertThat(response.body()).as("%s", store).isEqualTo(expected);
            assertThat(response.statusCode()).as("%s", store).isEqualTo(status);
            assertThat(response.headers().firstValue("content-type"))
                    .contains("text/plain; charset=utf-8");
        }
    }

    @Test
    void countsCallsAsTheAggregatorDidWhereTheStoreHasThat() {
        // Given
        var store = ZipkinServer.local();
        long minute = SampleTraces.NOW.getEpochSecond() / 60;
        var calls = Figures.ofCalls(7);
        var figures =
                Stream.of(
                                new Dependency("Shop", "bank", Connection.PLAIN),
                                new Dependency(Dependency.USER, "Shop", Connection.VIRTUAL),
                                new Operation("Shop", "pay", SpanKind.CLIENT))
                        .map(series -> new Entry(minute, series, calls))
                        .toList();
        try (var server = new ZipkinServer(store, CONFIG)) {
            ((DependencyStore) store)
                    .writeDependencies(
                            List.of(
                                    new DependencyMinute(Tenant.DEFAULT, minute, 0, 1, figures),
                                    new DependencyMinute(Tenant.DEFAULT, minute, 1, 1, figures)));

            // When
            var response = server.get("/api/v2/dependencies?lookback=1&endTs=1795230000000");

            // Then
            assertThat(response.body())
                    .isEqualTo("[{\"parent\":\"shop\",\"child\":\"bank\",\"callCount\":14}]");
        }
    }

    @Test
    void letsBrowsersKeepLists() {
        // When
        var response = get(Kind.MEMORY, "/api/v2/autocompleteKeys");

        // Then
        assertThat(response.headers().firstValue("cache-control"))
                .contains("max-age=300, must-revalidate");
    }

    @Test
    void tellsTheUiWhatItMayAsk() {
        // When
        var response = requireNonNull(SERVERS.get(Kind.MEMORY)).get("/zipkin/config.json");

        // Then
        assertThat(response.body())
                .isEqualTo(
                        "{\"environment\":\"\",\"queryLimit\":10,\"defaultLookback\":900000,"
                                + "\"searchEnabled\":true,\"logsUrl\":null,\"supportUrl\":null,"
                                + "\"archivePostUrl\":null,\"archiveUrl\":null,"
                                + "\"dependency\":{\"enabled\":true,\"lowErrorRate\":0.5,"
                                + "\"highErrorRate\":0.75}}");
    }
}
