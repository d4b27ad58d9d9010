package dev.millrace.storage.cassandra;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.StoreUnderTest.ids;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.data.UdtValue;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.api.TraceVersion;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What Jaeger wrote is read, and what we write has what Jaeger reads.
final class JaegerRowsTest {

    private static final String KS = TestCluster.KEYSPACE;

    /// In a quarter of an hour of its own, so that nothing else is found with it.
    private static final long START = TIME + Duration.ofDays(200).toNanos();

    private static final long MICROS = START / 1_000;

    private static TraceId trace(int number) {
        return new TraceId(0x1ae6e4L, number);
    }

    private static String blob(TraceId traceId) {
        return "0x" + traceId;
    }

    @BeforeAll
    static void createTheTables() {
        assertThat(TestCluster.store().services(new Tenant("nobody"))).isEmpty();
    }

    /// A row as Jaeger's writer leaves it, with its rows in the indexes.
    private static void writeAsJaeger(TraceId traceId) {
        String none = "value_bool: false, value_long: 0, value_double: 0";
        TestCluster.query(
                """
                INSERT INTO %1$s.traces (trace_id, span_id, span_hash, parent_id, operation_name,
                  flags, start_time, duration, tags, logs, refs, process)
                VALUES (%2$s, 7, -42, 6, 'GET /old', 1, %3$d, 2500,
                  [{key: 'span.kind', value_type: 'string', value_string: 'client', %4$s},
                   {key: 'error', value_type: 'bool', value_string: '', value_bool: true,
                    value_long: 0, value_double: 0},
                   {key: 'otel.scope.name', value_type: 'string', value_string: 'lib', %4$s},
                   {key: 'w3c.tracestate', value_type: 'string', value_string: 'x=y', %4$s},
                   {key: 'retries', value_type: 'int64', value_string: '', value_bool: false,
                    value_long: 3, value_double: 0},
                   {key: 'ratio', value_type: 'float64', value_string: '', value_bool: false,
                    value_long: 0, value_double: 0.25},
                   {key: 'raw', value_type: 'binary', value_string: '', value_bool: false,
                    value_long: 0, value_double: 0, value_binary: 0x0102}],
                  [{ts: %5$d, fields: [
                    {key: 'event', value_type: 'string', value_string: 'retry', %4$s},
                    {key: 'attempt', value_type: 'int64', value_string: '', value_bool: false,
                     value_long: 2, value_double: 0}]}],
                  [{ref_type: 'child-of', trace_id: %2$s, span_id: 6},
                   {ref_type: 'follows-from', trace_id: 0x%6$s, span_id: 5}],
                  {service_name: 'old-shop', tags: [
                    {key: 'host.name', value_type: 'string', value_string: 'a7', %4$s}]})
                """
                        .formatted(KS, blob(traceId), MICROS, none, MICROS + 9, trace(99)));
        TestCluster.query(
                "INSERT INTO %s.service_name_index (service_name, bucket, start_time, trace_id)"
                                .formatted(KS)
                        + " VALUES ('old-shop', 4, %d, %s)".formatted(MICROS, blob(traceId)));
        TestCluster.query(
                ("INSERT INTO %s.service_operation_index (service_name, operation_name, start_time,"
                                        + " trace_id)")
                                .formatted(KS)
                        + " VALUES ('old-shop', 'GET /old', %d, %s)"
                                .formatted(MICROS, blob(traceId)));
        for (String tag : List.of("'retries', '3'", "'error', 'true'", "'host.name', 'a7'")) {
            TestCluster.query(
                    ("INSERT INTO %s.tag_index (service_name, tag_key, tag_value, start_time,"
                                    + " trace_id, span_id) VALUES ('old-shop', %s, %d, %s, 7)")
                            .formatted(KS, tag, MICROS, blob(traceId)));
        }
        TestCluster.query(
                "INSERT INTO %s.service_names (service_name) VALUES ('old-shop')".formatted(KS));
        TestCluster.query(
                ("INSERT INTO %s.operation_names_v2 (service_name, span_kind, operation_name)"
                                + " VALUES ('old-shop', 'client', 'GET /old')")
                        .formatted(KS));
    }

    @Test
    void readsASpanThatJaegerWrote() {
        // Given
        writeAsJaeger(trace(1));

        // When
        var spans = TestCluster.store().trace(Tenant.DEFAULT, trace(1)).orElseThrow().spans();

        // Then
        var expected =
                Span.builder(trace(1), new SpanId(7))
                        .parentSpanId(new SpanId(6))
                        .traceState("x=y")
                        .flags(1)
                        .name("GET /old")
                        .kind(SpanKind.CLIENT)
                        .time(START, START + 2_500_000)
                        .status(new Status(Status.Code.ERROR, ""))
                        .attributes(
                                Attributes.of(
                                        new Attribute("retries", new AttributeValue.Int(3)),
                                        new Attribute("ratio", new AttributeValue.Real(0.25)),
                                        new Attribute(
                                                "raw",
                                                new AttributeValue.Bytes(
                                                        Slice.of(new byte[] {1, 2})))),
                                0)
                        .events(
                                List.of(
                                        new Event(
                                                START + 9_000,
                                                "retry",
                                                Attributes.of(
                                                        new Attribute(
                                                                "attempt",
                                                                new AttributeValue.Int(2))),
                                                0)),
                                0)
                        .links(
                                List.of(
                                        new Link(
                                                trace(99),
                                                new SpanId(5),
                                                "",
                                                0,
                                                Attributes.of(
                                                        new Attribute(
                                                                "opentracing.ref_type",
                                                                new AttributeValue.Text(
                                                                        "follows_from"))),
                                                0)),
                                0)
                        .resource(
                                new Resource(
                                        Attributes.of(
                                                new Attribute(
                                                        "service.name",
                                                        new AttributeValue.Text("old-shop")),
                                                new Attribute(
                                                        "host.name",
                                                        new AttributeValue.Text("a7"))),
                                        0,
                                        ""))
                        .scope(new Scope("lib", "", Attributes.EMPTY, 0, ""))
                        .build();
        assertThat(spans).containsExactly(expected);
    }

    @Test
    void findsWhatJaegerWroteByServiceOperationTagAndStatus() {
        // Given
        writeAsJaeger(trace(2));
        var search = TraceSearch.builder().service("old-shop").start(START, START);

        // When, Then
        assertThat(found(search)).contains(trace(2));
        assertThat(found(search.operation("GET /old"))).contains(trace(2));
        assertThat(found(search.status(Status.Code.ERROR))).contains(trace(2));
        assertThat(
                        found(
                                search.attributes(
                                        List.of(
                                                new AttributeMatch("retries", "3"),
                                                new AttributeMatch("host.name", "a7")))))
                .contains(trace(2));
        assertThat(found(search.duration(2_500_001, Long.MAX_VALUE))).isEmpty();
        assertThat(TestCluster.store().services(Tenant.DEFAULT)).contains("old-shop");
        assertThat(TestCluster.store().operations(Tenant.DEFAULT, "old-shop"))
                .containsExactly(new Operation("GET /old", SpanKind.CLIENT));
    }

    private static List<TraceId> found(TraceSearch.Builder search) {
        return ids(TestCluster.store().search(Tenant.DEFAULT, search.build()).traces());
    }

    @Test
    void readsATraceThatJaegerAndWeWroteTogether() {
        // Given
        writeAsJaeger(trace(3));
        var version = TestCluster.store().version(Tenant.DEFAULT, trace(3));

        // When
        TestCluster.store().write(List.of(fragment(300, span(trace(3), 6, START - 1))));

        // Then
        assertThat(TestCluster.store().trace(Tenant.DEFAULT, trace(3)).orElseThrow().spans())
                .extracting(span -> span.spanId().value())
                .containsExactly(6L, 7L);
        assertThat(version.parts()).isEqualTo(1);
        assertThat(TestCluster.store().version(Tenant.DEFAULT, trace(3)))
                .isNotEqualTo(version)
                .extracting(TraceVersion::parts)
                .isEqualTo(2L);
    }

    @Test
    void readsOlderRowsThatNameTheParentOnlyOnceAndLackEverythingElse() {
        // Given
        TestCluster.query(
                ("INSERT INTO %s.traces (trace_id, span_id, span_hash, parent_id, operation_name,"
                                + " start_time, duration) VALUES (%s, 2, 0, 1, 'old', %d, 1)")
                        .formatted(KS, blob(trace(4)), MICROS));

        // When
        var spans = TestCluster.store().trace(Tenant.DEFAULT, trace(4)).orElseThrow().spans();

        // Then
        assertThat(spans)
                .singleElement()
                .satisfies(span -> {
                    assertThat(span.parentSpanId()).isEqualTo(new SpanId(1));
                    assertThat(span.links()).isEmpty();
                    assertThat(span.serviceName()).isEqualTo(Resource.UNKNOWN_SERVICE);
                });
    }

    @Test
    void writesEveryColumnThatJaegerReads() {
        // Given
        var attributes =
                Attributes.of(
                        new Attribute("color", new AttributeValue.Text("red")),
                        new Attribute("ratio", new AttributeValue.Real(0.5)));
        var event =
                new Event(
                        START + 5_000,
                        "retry",
                        Attributes.of(new Attribute("attempt", new AttributeValue.Int(2))),
                        0);
        var link = new Link(trace(98), new SpanId(5), "", 0, Attributes.EMPTY, 0);

        // When
        TestCluster.store()
                .write(
                        List.of(
                                fragment(
                                        500,
                                        span(trace(5), 7, START + 1)
                                                .time(START + 1, START + 2 * SECOND)
                                                .parentSpanId(new SpanId(6))
                                                .flags(1)
                                                .name("pay")
                                                .status(new Status(Status.Code.ERROR, "no"))
                                                .attributes(attributes, 0)
                                                .events(List.of(event), 0)
                                                .links(List.of(link), 0)
                                                .resource(resourceOnHost()))));

        // Then
        var row = one("SELECT * FROM %s.traces WHERE trace_id = %s", blob(trace(5)));
        assertThat(row.getLong("span_id")).isEqualTo(7);
        assertThat(row.getLong("parent_id")).isEqualTo(6);
        assertThat(row.getString("operation_name")).isEqualTo("pay");
        assertThat(row.getInt("flags")).isEqualTo(1);
        assertThat(row.getLong("start_time")).isEqualTo(MICROS);
        assertThat(row.getLong("duration")).isEqualTo(1_999_999);
        assertThat(tags(Columns.list(row, "tags")))
                .contains(
                        "span.kind string server false 0 0.0",
                        "error bool  true 0 0.0",
                        "otel.status_description string no false 0 0.0",
                        "color string red false 0 0.0",
                        "ratio float64  false 0 0.5");
        assertThat(Columns.list(row, "logs"))
                .singleElement()
                .satisfies(log -> {
                    assertThat(log.getLong("ts")).isEqualTo(MICROS + 5);
                    assertThat(tags(Columns.list(log, "fields")))
                            .containsExactly(
                                    "event string retry false 0 0.0", "attempt int64  false 2 0.0");
                });
        assertThat(Columns.list(row, "refs"))
                .extracting(reference -> reference.getString("ref_type"))
                .containsExactly("child-of", "follows-from");
        assertThat(Columns.list(row, "refs"))
                .extracting(reference ->
                        Walk.traceId(reference.getByteBuffer("trace_id")).orElseThrow()
                                + " "
                                + reference.getLong("span_id"))
                .containsExactly(trace(5) + " 6", trace(98) + " 5");
        var process = requireNonNull(row.getUdtValue("process"));
        assertThat(process.getString("service_name")).isEqualTo("new-shop");
        assertThat(tags(Columns.list(process, "tags")))
                .containsExactly("host.name string a7 false 0 0.0");
    }

    @Test
    void writesEveryIndexThatJaegerReads() {
        // Given
        long start = Duration.ofHours(START / 3_600_000_000_000L).toNanos();
        long beforeHalf = start + Duration.ofMinutes(29).toNanos();
        long afterHalf = start + Duration.ofMinutes(30).toNanos();

        // When
        TestCluster.store()
                .write(
                        List.of(
                                indexed(600, trace(6), beforeHalf),
                                indexed(601, trace(7), afterHalf)));

        // Then
        assertThat(
                        TestCluster.query(
                                "SELECT * FROM "
                                        + KS
                                        + ".service_name_index WHERE service_name = 'indexed'"
                                        + " AND bucket IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)"))
                .extracting(row -> row.getLong("start_time"))
                .containsExactlyInAnyOrder(beforeHalf / 1_000, afterHalf / 1_000);
        assertThat(
                        TestCluster.query(
                                "SELECT * FROM "
                                        + KS
                                        + ".service_operation_index WHERE service_name = 'indexed'"
                                        + " AND operation_name = 'pay'"))
                .hasSize(2);
        for (String operation : List.of("", "pay")) {
            assertThat(durations(operation, start)).containsExactly(trace(6));
            assertThat(durations(operation, start + 3_600_000_000_000L)).containsExactly(trace(7));
        }
        assertThat(
                        TestCluster.query(
                                "SELECT tag_key, tag_value, span_id FROM "
                                        + KS
                                        + ".tag_index WHERE service_name = 'indexed'"
                                        + " ALLOW FILTERING"))
                .extracting(row -> row.getString("tag_key") + "=" + row.getString("tag_value"))
                .contains("color=red", "span.kind=server", "ratio=1e+20")
                .doesNotContain("long=" + "x".repeat(256));
        assertThat(
                        one(
                                        "SELECT * FROM %s.operation_names_v2 WHERE service_name ="
                                                + " %s",
                                        "'indexed'")
                                .getString("span_kind"))
                .isEqualTo("server");
    }

    private static Fragment indexed(long offset, TraceId traceId, long start) {
        var attributes =
                Attributes.of(
                        new Attribute("color", new AttributeValue.Text("red")),
                        new Attribute("ratio", new AttributeValue.Real(1e20)),
                        new Attribute("long", new AttributeValue.Text("x".repeat(256))));
        return fragment(
                offset,
                span(traceId, 1, start)
                        .name("pay")
                        .attributes(attributes, 0)
                        .resource(
                                new Resource(
                                        Attributes.of(
                                                new Attribute(
                                                        "service.name",
                                                        new AttributeValue.Text("indexed"))),
                                        0,
                                        "")));
    }

    private static List<TraceId> durations(String operation, long bucketNanos) {
        return TestCluster.query(
                        "SELECT trace_id FROM "
                                + KS
                                + ".duration_index WHERE service_name = 'indexed' AND"
                                + " operation_name = ? AND bucket = ? AND duration > ? AND"
                                + " duration < ?",
                        operation,
                        Instant.ofEpochMilli(bucketNanos / 1_000_000),
                        9_999L,
                        10_001L)
                .stream()
                .map(row -> Walk.traceId(row.getByteBuffer("trace_id")).orElseThrow())
                .toList();
    }

    @Test
    void writesASpanOnceHoweverOftenItIsWritten() {
        // Given
        var fragment = fragment(800, span(trace(8), 1, START).attributes(redAndBlue(), 0));

        // When
        TestCluster.store().write(List.of(fragment));
        TestCluster.store().write(List.of(fragment, fragment));

        // Then
        var row = one("SELECT * FROM %s.traces WHERE trace_id = %s", blob(trace(8)));
        assertThat(Columns.list(row, "tags")).hasSize(3);
    }

    private static Attributes redAndBlue() {
        return Attributes.of(
                new Attribute("color", new AttributeValue.Text("red")),
                new Attribute("colour", new AttributeValue.Text("blue")));
    }

    @Test
    void readsTheDependenciesThatJaegersJobWrote() {
        // Given
        long minute = MICROS / 60_000_000;
        long day = minute / 1_440 * 1_440;
        for (int millis = 0; millis < 2; millis++) {
            TestCluster.query(
                    ("INSERT INTO %s.dependencies_v2 (ts_bucket, ts, dependencies) VALUES (%d, %d,"
                                    + " [{parent: 'a', child: 'b', call_count: 12, source:"
                                    + " 'jaeger'}])")
                            .formatted(KS, day * 60_000, minute * 60_000 + millis));
        }

        // When
        var read = TestCluster.store().dependencies(Tenant.DEFAULT, minute, minute + 1);

        // Then
        assertThat(read)
                .containsExactly(
                        new DependencyMinute(
                                Tenant.DEFAULT,
                                minute,
                                DependencyRows.OF_JAEGER,
                                0,
                                List.of(link(minute, "a", "b", 24))));
    }

    @Test
    void keepsTheDayOfJaegersJobBesideItsOwnFirstMinute() {
        // Given
        long day = MICROS / 60_000_000 / 1_440 * 1_440 + 20 * 1_440;
        TestCluster.query(
                ("INSERT INTO %s.dependencies_v2 (ts_bucket, ts, dependencies) VALUES (%d, %d,"
                                + " [{parent: 'a', child: 'b', call_count: 12, source: 'jaeger'}])")
                        .formatted(KS, day * 60_000, day * 60_000));
        var own = new DependencyMinute(Tenant.DEFAULT, day, 0, 1, List.of(link(day, "a", "b", 5)));

        // When
        TestCluster.store().writeDependencies(List.of(own));

        // Then
        assertThat(TestCluster.store().dependencies(Tenant.DEFAULT, day, day + 1))
                .containsExactlyInAnyOrder(
                        own,
                        new DependencyMinute(
                                Tenant.DEFAULT,
                                day,
                                DependencyRows.OF_JAEGER,
                                0,
                                List.of(link(day, "a", "b", 12))));
    }

    @Test
    void writesDependenciesWhereJaegerLooksForThem() {
        // Given
        long minute = MICROS / 60_000_000 + 10 * 1_440;
        long day = minute / 1_440 * 1_440;
        var entries =
                List.of(
                        link(minute, "c", "d", 5),
                        link(minute, "c", "e", 1),
                        link(minute, Dependency.USER, "c", 9));

        // When
        TestCluster.store()
                .writeDependencies(
                        List.of(new DependencyMinute(Tenant.DEFAULT, minute, 2, 1, entries)));

        // Then
        var row =
                TestCluster.query(
                                "SELECT dependencies FROM "
                                        + KS
                                        + ".dependencies_v2 WHERE ts_bucket IN ? AND ts >= ? AND"
                                        + " ts < ?",
                                List.of(Instant.ofEpochMilli(day * 60_000)),
                                Instant.ofEpochMilli(minute * 60_000),
                                Instant.ofEpochMilli((minute + 1) * 60_000))
                        .getFirst();
        assertThat(Columns.list(row, "dependencies"))
                .extracting(link ->
                        link.getString("parent")
                                + " "
                                + link.getString("child")
                                + " "
                                + link.getLong("call_count"))
                .containsExactly("c d 5", "c e 1");
    }

    private static DependencyDelta.Entry link(
            long minute, String caller, String callee, long calls) {
        return new DependencyDelta.Entry(
                minute, new Dependency(caller, callee, Connection.PLAIN), Figures.ofCalls(calls));
    }

    private static Resource resourceOnHost() {
        return new Resource(
                Attributes.of(
                        new Attribute("service.name", new AttributeValue.Text("new-shop")),
                        new Attribute("host.name", new AttributeValue.Text("a7"))),
                0,
                "");
    }

    private static Row one(String cql, String value) {
        var rows = TestCluster.query(cql.formatted(KS, value));
        assertThat(rows).hasSize(1);
        return rows.getFirst();
    }

    private static List<String> tags(List<UdtValue> tags) {
        return tags.stream()
                .map(tag ->
                        List.of(
                                        "" + tag.getString("key"),
                                        "" + tag.getString("value_type"),
                                        "" + tag.getString("value_string"),
                                        "" + tag.getBoolean("value_bool"),
                                        "" + tag.getLong("value_long"),
                                        "" + tag.getDouble("value_double"))
                                .stream()
                                .collect(Collectors.joining(" ")))
                .toList();
    }
}
