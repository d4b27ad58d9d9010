package dev.millrace.storage.cassandra;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.attributes;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.cassandra.Requests.Write;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Rows of one partition are written together, and none is lost or doubled by that.
final class BatchTest {

    private static final String KEYSPACE = "batched";
    private static final int SPANS = 4;
    private static final long MICROSECOND = 1_000;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @BeforeAll
    static void createTheTables() {
        assertThat(TestCluster.store().services(new Tenant("nobody"))).isEmpty();
    }

    private static TraceId trace(int number) {
        return new TraceId(0xba7c4L, number);
    }

    @Test
    void sendsOneRequestForEachPartition() {
        // Given
        var fragments = IntStream.range(0, 50).mapToObj(BatchTest::fragmentOf).toList();
        try (var store = started()) {
            double before = requests();

            // When
            store.write(fragments);

            // Then
            double sent = requests() - before;
            assertThat(sent).isEqualTo((double) countOfPartitions());
            assertThat(countOfRows()).isGreaterThan(5 * (long) sent);
            for (int i = 0; i < fragments.size(); i++) {
                assertThat(store.trace(Tenant.DEFAULT, trace(i)).orElseThrow().spans())
                        .hasSize(SPANS);
            }
            var all = TraceSearch.builder().service("batched").limit(100).build();
            assertThat(store.search(Tenant.DEFAULT, all).traces()).hasSize(fragments.size());
        }
    }

    private CassandraTraceStore started() {
        var store =
                new CassandraTraceStore(
                        TestCluster.config(KEYSPACE),
                        meters,
                        RowBudget.MAX_ROWS,
                        Search.MAX_TRACES,
                        System::nanoTime);
        store.start();
        TestCluster.empty(KEYSPACE);
        return store;
    }

    private double requests() {
        return meters.counter("millrace.store.cassandra.requests").count();
    }

    private static Fragment fragmentOf(int number) {
        return fragment(
                number,
                IntStream.range(0, SPANS)
                        .mapToObj(i -> {
                            long start = TIME + (number * SPANS + i) * MICROSECOND;
                            return span(trace(number), i + 1, start)
                                    .attributes(attributes("color", "red"), 0)
                                    .resource(resource("batched"));
                        })
                        .toArray(Span.Builder[]::new));
    }

    private static long countOfPartitions() {
        return TestCluster.query(
                        "SELECT table_name, column_name, kind, position FROM system_schema.columns"
                                + " WHERE keyspace_name = ?",
                        KEYSPACE)
                .stream()
                .filter(row -> Columns.text(row, "kind").equals("partition_key"))
                .collect(
                        groupingBy(
                                row -> Columns.text(row, "table_name"),
                                mapping(row -> Columns.text(row, "column_name"), joining(", "))))
                .entrySet()
                .stream()
                .mapToLong(table ->
                        TestCluster.query(
                                        "SELECT DISTINCT "
                                                + table.getValue()
                                                + " FROM "
                                                + KEYSPACE
                                                + "."
                                                + table.getKey())
                                .size())
                .sum();
    }

    private static long countOfRows() {
        return TestCluster.query(
                        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?",
                        KEYSPACE)
                .stream()
                .map(row -> Columns.text(row, "table_name"))
                .mapToLong(table ->
                        TestCluster.query("SELECT COUNT(*) FROM " + KEYSPACE + "." + table)
                                .getFirst()
                                .getLong(0))
                .sum();
    }

    @Test
    void putsNoMoreIntoABatchThanItMayTake() {
        // Given
        var large = attributes("payload", "x".repeat(RowsByPartition.MAX_BYTES / 3));
        var spans =
                IntStream.rangeClosed(1, 5)
                        .mapToObj(i ->
                                span(trace(1_000), i, TIME)
                                        .attributes(large, 0)
                                        .resource(resource("large")))
                        .toArray(Span.Builder[]::new);
        try (var store = started()) {
            double before = requests();

            // When
            store.write(List.of(fragment(1_000, spans)));

            // Then
            assertThat(requests() - before).isEqualTo(countOfPartitions() + 4.0);
            assertThat(store.trace(Tenant.DEFAULT, trace(1_000)).orElseThrow().spans()).hasSize(5);
        }
    }

    @Test
    void writesTheListsOfASpanOnceThatComesTwice() {
        // Given
        var twice =
                span(trace(1_001), 1, TIME)
                        .attributes(attributes("color", "red"), 0)
                        .resource(resource("twice"));

        // When
        TestCluster.store().write(List.of(fragment(1_001, twice), fragment(1_002, twice)));

        // Then
        var rows =
                TestCluster.query(
                        "SELECT tags FROM "
                                + TestCluster.KEYSPACE
                                + ".traces WHERE trace_id = 0x"
                                + trace(1_001));
        assertThat(rows).hasSize(1);
        assertThat(Columns.list(rows.getFirst(), "tags")).hasSize(2);
    }

    @Test
    void namesTheFragmentOfARowThatIsRefusedAmongOthers() {
        // Given
        var insert =
                TestCluster.prepare(
                        "INSERT INTO "
                                + TestCluster.KEYSPACE
                                + ".tag_index (service_name, tag_key, tag_value, start_time,"
                                + " trace_id, span_id) VALUES ('refused', 'k', 'v', 1, ?, 1)");
        var batch =
                new Batch(
                        List.of(
                                tagRow(insert, 2_001, 16),
                                tagRow(insert, 2_002, 70_000),
                                tagRow(insert, 2_003, 16)));

        // When, Then
        assertThatThrownBy(() -> TestCluster.requests(meters).write(List.of(batch)))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.INVALID_REQUEST))
                .hasMessageContaining("traces-complete-0@2002");
        assertThat(requests()).isLessThanOrEqualTo(4);
    }

    // The server takes no key of more than 64 KiB.
    private static Write tagRow(PreparedStatement insert, int fragment, int traceIdBytes) {
        return new Write(
                fragmentOf(fragment),
                insert.bind().setByteBuffer(0, ByteBuffer.allocate(traceIdBytes)));
    }

    @Test
    void writesRowByRowWhatIsTooMuchTogether() {
        // Given
        var insert =
                TestCluster.prepare(
                        "INSERT INTO "
                                + TestCluster.KEYSPACE
                                + ".traces (trace_id, span_id, span_hash, millrace_span) VALUES (0x"
                                + trace(3_000)
                                + ", ?, 1, ?)");
        var rows =
                IntStream.rangeClosed(1, 5)
                        .mapToObj(i ->
                                new Write(
                                        fragmentOf(3_000 + i),
                                        insert.bind()
                                                .setLong(0, i)
                                                .setByteBuffer(1, ByteBuffer.allocate(1 << 20))))
                        .toList();

        // When
        TestCluster.requests(meters).write(List.of(new Batch(rows)));

        // Then
        assertThat(requests()).isEqualTo(6);
        assertThat(
                        TestCluster.query(
                                "SELECT span_id FROM "
                                        + TestCluster.KEYSPACE
                                        + ".traces WHERE trace_id = 0x"
                                        + trace(3_000)))
                .hasSize(5);
    }
}
