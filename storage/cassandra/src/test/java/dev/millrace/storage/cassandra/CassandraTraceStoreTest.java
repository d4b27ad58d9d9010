package dev.millrace.storage.cassandra;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.attributes;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.StoreUnderTest.ids;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.testkit.CassandraServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What this store promises besides the contract. The tests share a keyspace, and keep out of each
/// other's way by the names of services.
final class CassandraTraceStoreTest {

    @BeforeAll
    static void createTheTables() {
        assertThat(TestCluster.store().services(new Tenant("nobody"))).isEmpty();
    }

    private static TraceId trace(int number) {
        return new TraceId(0xca55a4d4aL, number);
    }

    @Test
    void givesBackWhatJaegersColumnsHaveNoPlaceFor() {
        // Given
        var everything =
                Attributes.of(
                        new Attribute("text", new AttributeValue.Text("grün 🌿")),
                        new Attribute("bool", new AttributeValue.Bool(true)),
                        new Attribute("int", new AttributeValue.Int(Long.MIN_VALUE)),
                        new Attribute("real", new AttributeValue.Real(1e-300)),
                        new Attribute(
                                "bytes", new AttributeValue.Bytes(Slice.of(new byte[] {0, -1}))),
                        new Attribute(
                                "array",
                                new AttributeValue.Array(
                                        List.of(
                                                new AttributeValue.Int(1),
                                                new AttributeValue.Nested(attributes("k", "v"))))),
                        new Attribute("empty", new AttributeValue.Empty()));
        var resource =
                new Resource(
                        Attributes.of(
                                new Attribute("service.name", new AttributeValue.Text("lossless")),
                                new Attribute("host.name", new AttributeValue.Text("a7"))),
                        3,
                        "https://example.org/resource");
        var written =
                span(trace(1), 1, TIME + 123)
                        .time(TIME + 123, TIME + SECOND + 457)
                        .parentSpanId(new SpanId(0x8000000000000000L))
                        .traceState("ot=th:8")
                        .flags(0x301)
                        .kind(SpanKind.PRODUCER)
                        .status(new Status(Status.Code.ERROR, "out of stock"))
                        .attributes(everything, 4)
                        .events(List.of(new Event(TIME + 200, "exception", everything, 5)), 6)
                        .links(
                                List.of(
                                        new Link(
                                                trace(9),
                                                new SpanId(9),
                                                "a=b",
                                                0x101,
                                                everything,
                                                7)),
                                8)
                        .resource(resource)
                        .scope(new Scope("http", "1.2", everything, 9, "https://example.org/s"));

        // When
        TestCluster.store().write(List.of(fragment(0, written)));

        // Then
        assertThat(TestCluster.store().trace(Tenant.DEFAULT, trace(1)).orElseThrow().spans())
                .containsExactly(written.build());
    }

    @Test
    void answersWhatJaegerRefuses() {
        // Given
        var attribute = attributes("user", "combined");
        TestCluster.store()
                .write(
                        List.of(
                                fragment(
                                        1,
                                        span(trace(10), 1, TIME)
                                                .time(TIME, TIME + 3 * SECOND)
                                                .attributes(attribute, 0)
                                                .resource(resource("combined"))),
                                fragment(
                                        2,
                                        span(trace(11), 1, TIME)
                                                .attributes(attribute, 0)
                                                .resource(resource("combined")))));
        var slow =
                TraceSearch.builder()
                        .attributes(List.of(new AttributeMatch("user", "combined")))
                        .duration(SECOND, Long.MAX_VALUE);

        // When
        var ofAnyService = TestCluster.store().search(Tenant.DEFAULT, slow.build());
        var ofOne = TestCluster.store().search(Tenant.DEFAULT, slow.service("combined").build());

        // Then
        assertThat(ids(ofAnyService.traces())).containsExactly(trace(10));
        assertThat(ids(ofOne.traces())).containsExactly(trace(10));
    }

    @Test
    void findsFailedSpansOfAnyService() {
        // Given
        long time = TIME + Duration.ofDays(100).toNanos();
        TestCluster.store()
                .write(
                        List.of(
                                fragment(
                                        3,
                                        span(trace(15), 1, time)
                                                .status(new Status(Status.Code.ERROR, ""))
                                                .resource(resource("failing"))),
                                fragment(
                                        4,
                                        span(trace(16), 1, time).resource(resource("failing")))));

        // When
        var found =
                TestCluster.store()
                        .search(
                                Tenant.DEFAULT,
                                TraceSearch.builder()
                                        .status(Status.Code.ERROR)
                                        .start(time, time + SECOND)
                                        .build());

        // Then
        assertThat(ids(found.traces())).containsExactly(trace(15));
    }

    @Test
    void looksAtNoTraceThatTheIndexRulesOut() {
        // Given
        writeTraces("ruled-out", 20, 12);

        // When
        try (var store = limited(100, 1)) {
            var found =
                    store.search(
                            Tenant.DEFAULT,
                            TraceSearch.builder()
                                    .service("ruled-out")
                                    .duration(SECOND, Long.MAX_VALUE)
                                    .build());

            // Then
            assertThat(found.traces()).isEmpty();
        }
    }

    @Test
    void looksAtNoMoreTracesThanAPageNeeds() {
        // Given
        writeTraces("page", 40, 12);

        // When
        try (var store = limited(100, 3)) {
            var found =
                    store.search(
                            Tenant.DEFAULT, TraceSearch.builder().service("page").limit(2).build());

            // Then
            assertThat(ids(found.traces())).containsExactly(trace(51), trace(50));
            assertThat(found.next()).isPresent();
        }
    }

    @Test
    void looksAtNoMoreRowsThanAPageNeedsHoweverManyThereAre() {
        // Given
        writeTraces("busy", 1_000, 200);

        // When
        try (var store = limited(100, 10)) {
            var found =
                    store.search(
                            Tenant.DEFAULT, TraceSearch.builder().service("busy").limit(3).build());

            // Then
            assertThat(ids(found.traces()))
                    .containsExactly(trace(1_199), trace(1_198), trace(1_197));
            assertThat(found.next()).isPresent();
        }
    }

    @Test
    void refusesToLookAtMoreTracesThanItsLimit() {
        // Given
        writeTraces("traces", 60, 12);

        // When, Then
        try (var store = limited(100, 5)) {
            assertThatThrownBy(() ->
                            store.search(
                                    Tenant.DEFAULT,
                                    TraceSearch.builder().service("traces").build()))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.OVER_CAPACITY))
                    .hasMessageContaining("5 traces");
        }
    }

    @Test
    void refusesToLookAtMoreRowsThanItsLimit() {
        // Given
        writeTraces("rows", 80, 12);

        // When, Then
        try (var store = limited(5, 100)) {
            assertThatThrownBy(() ->
                            store.search(
                                    Tenant.DEFAULT, TraceSearch.builder().service("rows").build()))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.OVER_CAPACITY))
                    .hasMessageContaining("5 rows");
        }
    }

    private static void writeTraces(String service, int from, int count) {
        TestCluster.store()
                .write(
                        IntStream.range(from, from + count)
                                .mapToObj(i ->
                                        fragment(
                                                i,
                                                span(trace(i), 1, TIME + i * SECOND)
                                                        .resource(resource(service))))
                                .toList());
    }

    private static CassandraTraceStore limited(int maxRows, int maxTraces) {
        var store =
                new CassandraTraceStore(
                        TestCluster.config(TestCluster.KEYSPACE),
                        new SimpleMeterRegistry(),
                        maxRows,
                        maxTraces,
                        System::nanoTime);
        store.start();
        return store;
    }

    @Test
    void refusesASpanThatIsTooLargeAndNamesItsFragment() {
        // Given
        var large = attributes("payload", "x".repeat(2 << 20));

        // When, Then
        assertThatThrownBy(() ->
                        TestCluster.store()
                                .write(
                                        List.of(
                                                fragment(
                                                        42,
                                                        span(trace(140), 1, TIME)
                                                                .attributes(large, 0)))))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.INVALID_REQUEST))
                .hasMessageContaining("traces-complete-0@42")
                .hasMessageContaining("at most 1MiB");
    }

    @Test
    void takesASpanAsLargeAsItsLimit() {
        // Given
        var large = attributes("payload", "x".repeat((1 << 20) - 1_000));

        // When
        TestCluster.store()
                .write(
                        List.of(
                                fragment(
                                        43,
                                        span(trace(141), 1, TIME)
                                                .attributes(large, 0)
                                                .resource(resource("large")))));

        // Then
        assertThat(TestCluster.store().trace(Tenant.DEFAULT, trace(141))).isPresent();
    }

    @Test
    void saysThatASpanIsTooLargeForTheServerToo() {
        // Given
        var config =
                config(
                        CassandraServer.DATACENTER,
                        TestCluster.KEYSPACE,
                        false,
                        ByteSize.ofMebibytes(8));
        var large = attributes("payload", "x".repeat(3 << 20));

        // When, Then
        try (var store = TestCluster.started(config)) {
            assertThatThrownBy(() ->
                            store.write(
                                    List.of(
                                            fragment(
                                                    44,
                                                    span(trace(142), 1, TIME)
                                                            .attributes(large, 0)))))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.INVALID_REQUEST))
                    .hasMessageContaining("traces-complete-0@44");
        }
    }

    private static CassandraConfig config(
            String datacenter, String keyspace, boolean createSchema, ByteSize maxSpan) {
        return new CassandraConfig(
                List.of(CassandraServer.shared().address()),
                datacenter,
                keyspace,
                CassandraServer.USER,
                CassandraServer.PASSWORD,
                null,
                true,
                createSchema,
                Map.of(CassandraServer.DATACENTER, 1),
                CassandraConfig.DEFAULT_RETENTION,
                Duration.ZERO,
                true,
                256,
                Consistency.LOCAL_QUORUM,
                Duration.ofSeconds(20),
                maxSpan);
    }

    @Test
    void doesNotStartOnAKeyspaceThatIsMissingAndMayNotBeCreated() {
        // Given
        var config = config(CassandraServer.DATACENTER, "nowhere", false, ByteSize.ofMebibytes(1));
        try (var store = new CassandraTraceStore(config, new SimpleMeterRegistry())) {

            // When, Then
            assertThatThrownBy(store::start)
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("keyspace nowhere: incomplete")
                    .hasMessageContaining("CREATE KEYSPACE IF NOT EXISTS nowhere")
                    .hasMessageContaining("ALTER TABLE nowhere.traces ADD millrace_span blob");
        }
    }

    @Test
    void doesNotStartWithADatacenterThatNoNodeIsIn() {
        // Given
        var config = config("elsewhere", TestCluster.KEYSPACE, true, ByteSize.ofMebibytes(1));
        try (var store = new CassandraTraceStore(config, new SimpleMeterRegistry())) {

            // When, Then
            assertThatThrownBy(store::start)
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("local-datacenter: elsewhere")
                    .hasMessageContaining("expected: one of " + CassandraServer.DATACENTER);
        }
    }

    @Test
    void completesAKeyspaceThatJaegerMade() {
        // Given
        TestCluster.query(
                "CREATE KEYSPACE jaegers WITH replication = {'class': 'SimpleStrategy',"
                        + " 'replication_factor': 1}");
        TestCluster.query(
                "CREATE TABLE jaegers.service_name_index (service_name text, bucket int,"
                        + " start_time bigint, trace_id blob, PRIMARY KEY ((service_name, bucket),"
                        + " start_time)) WITH CLUSTERING ORDER BY (start_time DESC) AND"
                        + " default_time_to_live = 7777");

        // When
        try (var store = TestCluster.started(TestCluster.config("jaegers"))) {
            store.write(List.of(fragment(0, span(trace(50), 1, TIME))));

            // Then
            assertThat(store.trace(Tenant.DEFAULT, trace(50))).isPresent();
        }
        var row =
                TestCluster.query(
                                "SELECT ttl(millrace_trace_id) AS ttl FROM"
                                        + " jaegers.service_name_index")
                        .getFirst();
        assertThat(row.getInt("ttl")).isBetween(7_000, 7_777);
    }

    @Test
    void severalMayCreateTheSchemaAtOnce() throws Exception {
        // Given
        var config = TestCluster.config("raced");

        // When
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var first = executor.submit(() -> TestCluster.started(config));
            var second = executor.submit(() -> TestCluster.started(config));

            // Then
            try (var one = first.get();
                    var other = second.get()) {
                one.write(List.of(fragment(0, span(trace(55), 1, TIME))));
                assertThat(other.trace(Tenant.DEFAULT, trace(55))).isPresent();
            }
        }
    }

    @Test
    void startsWhileNoNodeAnswersAndSaysSoWhenAsked() throws Exception {
        // Given
        InetSocketAddress nobody;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
        }
        var config = CassandraConfig.of(List.of(nobody), "datacenter1");
        try (var store = new CassandraTraceStore(config, new SimpleMeterRegistry())) {

            // When
            store.start();

            // Then
            assertThat(store.away().orElseThrow()).contains("127.0.0.1:" + nobody.getPort());
            assertThatThrownBy(() -> store.write(List.of(fragment(0, span(trace(60), 1, TIME)))))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
        }
    }

    @Test
    void isNotOpenOnceClosed() {
        // Given
        var store =
                new CassandraTraceStore(
                        TestCluster.config(TestCluster.KEYSPACE), new SimpleMeterRegistry());

        // When
        store.close();

        // Then
        assertThatThrownBy(() -> store.services(Tenant.DEFAULT))
                .hasMessageContaining("the store is not open");
    }

    @Test
    void keepsTheFiguresOfMinutesByPartitionAndReplacesThem() {
        // Given
        long minute = TIME / 60_000_000_000L;
        var first = minute(minute, 0, 5, "a", "b", 3);
        var replaced = minute(minute, 0, 9, "a", "b", 7);
        var other = minute(minute, 1, 2, "a", "c", 1);
        var later = minute(minute + 1_000, 0, 11, "a", "d", 2);

        // When
        TestCluster.store().writeDependencies(List.of(first, other, later));
        TestCluster.store().writeDependencies(List.of(replaced));

        // Then
        assertThat(TestCluster.store().dependencies(Tenant.DEFAULT, minute, minute + 1))
                .containsExactlyInAnyOrder(replaced, other);
        assertThat(TestCluster.store().dependencies(Tenant.DEFAULT, minute + 1, minute + 1_001))
                .containsExactly(later);
        assertThat(TestCluster.store().dependencies(new Tenant("nobody"), 0, Long.MAX_VALUE))
                .isEmpty();
    }

    @Test
    void keepsFiguresOfOperationsAndOfNoMinute() {
        // Given
        var entry =
                new DependencyDelta.Entry(
                        0, new Operation("shop", "pay", SpanKind.SERVER), Figures.ofCalls(4));
        var written = new DependencyMinute(Tenant.DEFAULT, 0, 3, 77, List.of(entry));

        // When
        TestCluster.store().writeDependencies(List.of(written));

        // Then
        assertThat(TestCluster.store().dependencies(Tenant.DEFAULT, 0, 1)).containsExactly(written);
    }

    private static DependencyMinute minute(
            long minute, int partition, long upTo, String caller, String callee, long calls) {
        var link = new Dependency(caller, callee, Connection.PLAIN);
        var entry = new DependencyDelta.Entry(minute, link, Figures.ofCalls(calls));
        return new DependencyMinute(Tenant.DEFAULT, minute, partition, upTo, List.of(entry));
    }
}
