package dev.millrace.storage.cassandra;

import static java.util.stream.Collectors.joining;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.CqlIdentifier;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DriverException;
import com.datastax.oss.driver.api.core.DriverTimeoutException;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.metadata.schema.KeyspaceMetadata;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What there has to be in a keyspace: Jaeger's tables in their version 4, and besides them columns
/// and tables of our own, which Jaeger never asks for.
///
/// What exists stays as it is, so that a keyspace of Jaeger's keeps its options.
final class Schema {

    /// The OTLP bytes of a span: `TracesData` with it alone.
    static final String SPAN_COLUMN = "millrace_span";

    /// In Jaeger's indexes of services: the trace id once more, in rows that our own index holds as
    /// well. Jaeger's key lacks the trace, so one of its rows may overwrite one of ours and leave
    /// this column; then it names another trace.
    static final String TRACE_COLUMN = "millrace_trace_id";

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private static final String HOURLY =
            " AND compaction = {'class': 'TimeWindowCompactionStrategy',"
                    + " 'compaction_window_unit': 'HOURS', 'compaction_window_size': '1'}";

    private static final String SIZED =
            " AND compaction = {'class': 'SizeTieredCompactionStrategy',"
                    + " 'min_threshold': '4', 'max_threshold': '32'}";

    /// A type, a table or a column.
    private sealed interface Part {

        boolean existsIn(KeyspaceMetadata keyspace);

        String statement(String keyspace);
    }

    private record Type(String name, String fields) implements Part {
        @Override
        public boolean existsIn(KeyspaceMetadata keyspace) {
            return keyspace.getUserDefinedType(name).isPresent();
        }

        @Override
        public String statement(String keyspace) {
            return "CREATE TYPE IF NOT EXISTS " + keyspace + "." + name + " (" + fields + ")";
        }
    }

    private record Table(String name, String columns, String options) implements Part {
        @Override
        public boolean existsIn(KeyspaceMetadata keyspace) {
            return keyspace.getTable(name).isPresent();
        }

        @Override
        public String statement(String keyspace) {
            return "CREATE TABLE IF NOT EXISTS "
                    + keyspace
                    + "."
                    + name
                    + " ("
                    + columns
                    + ") WITH "
                    + options;
        }
    }

    private record Column(String table, String name) implements Part {
        @Override
        public boolean existsIn(KeyspaceMetadata keyspace) {
            return keyspace.getTable(table)
                    .flatMap(found -> found.getColumn(CqlIdentifier.fromInternal(name)))
                    .isPresent();
        }

        @Override
        public String statement(String keyspace) {
            return "ALTER TABLE " + keyspace + "." + table + " ADD " + name + " blob";
        }
    }

    private final CassandraConfig config;
    private final List<Part> parts;

    Schema(CassandraConfig config) {
        this.config = config;
        this.parts = parts(config);
    }

    private static List<Part> parts(CassandraConfig config) {
        long seconds = config.retention().toSeconds();
        String kept =
                " AND default_time_to_live = "
                        + seconds
                        + " AND speculative_retry = 'NONE' AND gc_grace_seconds = 10800";
        String dependenciesKept =
                " AND default_time_to_live = " + config.dependencyRetention().toSeconds();
        return List.of(
                new Type(
                        "keyvalue",
                        "key text, value_type text, value_string text, value_bool boolean,"
                                + " value_long bigint, value_double double, value_binary blob"),
                new Type("log", "ts bigint, fields frozen<list<frozen<keyvalue>>>"),
                new Type("span_ref", "ref_type text, trace_id blob, span_id bigint"),
                new Type("process", "service_name text, tags frozen<list<frozen<keyvalue>>>"),
                new Type("dependency", "parent text, child text, call_count bigint, source text"),
                new Table(
                        "traces",
                        "trace_id blob, span_id bigint, span_hash bigint, parent_id bigint,"
                                + " operation_name text, flags int, start_time bigint,"
                                + " duration bigint, tags list<frozen<keyvalue>>,"
                                + " logs list<frozen<log>>, refs list<frozen<span_ref>>,"
                                + " process frozen<process>,"
                                + " PRIMARY KEY (trace_id, span_id, span_hash)",
                        rest(HOURLY + kept)),
                new Table("service_names", "service_name text PRIMARY KEY", rest(SIZED + kept)),
                new Table(
                        "operation_names_v2",
                        "service_name text, span_kind text, operation_name text,"
                                + " PRIMARY KEY (service_name, span_kind, operation_name)",
                        rest(SIZED + kept)),
                new Table(
                        "service_operation_index",
                        "service_name text, operation_name text, start_time bigint, trace_id blob,"
                                + " PRIMARY KEY ((service_name, operation_name), start_time)",
                        "CLUSTERING ORDER BY (start_time DESC)" + HOURLY + kept),
                new Table(
                        "service_name_index",
                        "service_name text, bucket int, start_time bigint, trace_id blob,"
                                + " PRIMARY KEY ((service_name, bucket), start_time)",
                        "CLUSTERING ORDER BY (start_time DESC)" + HOURLY + kept),
                new Table(
                        "duration_index",
                        "service_name text, operation_name text, bucket timestamp, duration bigint,"
                                + " start_time bigint, trace_id blob, PRIMARY KEY ((service_name,"
                                + " operation_name, bucket), duration, start_time, trace_id)",
                        "CLUSTERING ORDER BY (duration DESC, start_time DESC, trace_id ASC)"
                                + HOURLY
                                + kept),
                new Table(
                        "tag_index",
                        "service_name text, tag_key text, tag_value text, start_time bigint,"
                                + " trace_id blob, span_id bigint, PRIMARY KEY ((service_name,"
                                + " tag_key, tag_value), start_time, trace_id, span_id)",
                        "CLUSTERING ORDER BY (start_time DESC, trace_id ASC, span_id ASC)"
                                + HOURLY
                                + kept),
                new Table(
                        "dependencies_v2",
                        "ts_bucket timestamp, ts timestamp, dependencies list<frozen<dependency>>,"
                                + " PRIMARY KEY (ts_bucket, ts)",
                        "CLUSTERING ORDER BY (ts DESC)" + SIZED + dependenciesKept),
                // Of Jaeger's sampling.
                new Table(
                        "operation_throughput",
                        "bucket int, ts timeuuid, throughput text, PRIMARY KEY (bucket, ts)",
                        "CLUSTERING ORDER BY (ts DESC)"),
                new Table(
                        "sampling_probabilities",
                        "bucket int, ts timeuuid, hostname text, probabilities text,"
                                + " PRIMARY KEY (bucket, ts)",
                        "CLUSTERING ORDER BY (ts DESC)"),
                new Table("leases", "name text PRIMARY KEY, owner text", rest(SIZED)),
                new Column("traces", SPAN_COLUMN),
                new Column("service_name_index", TRACE_COLUMN),
                new Column("service_operation_index", TRACE_COLUMN),
                new Table(
                        "millrace_trace_index",
                        "term text, window timestamp, last_start bigint, trace_id blob,"
                                + " fragment bigint, first_start bigint, shortest bigint,"
                                + " longest bigint, kinds int, statuses int, PRIMARY KEY ((term,"
                                + " window), last_start, trace_id, fragment)",
                        "CLUSTERING ORDER BY (last_start DESC, trace_id ASC, fragment ASC)"
                                + HOURLY
                                + kept),
                new Table(
                        "millrace_windows",
                        "kind text, window timestamp, PRIMARY KEY (kind, window)",
                        "CLUSTERING ORDER BY (window DESC)" + SIZED),
                new Table(
                        "millrace_dependencies",
                        "window timestamp, minute bigint, partition int, up_to bigint,"
                                + " figures blob, PRIMARY KEY (window, minute, partition)",
                        rest(SIZED + dependenciesKept)));
    }

    // Options begin without the conjunction.
    private static String rest(String options) {
        return options.replaceFirst("^ AND ", "");
    }

    /// Creates what is missing, where that is asked for.
    ///
    /// @throws StoreException when something is missing then, naming it and what creates it
    void prepare(CqlSession session, String keyspace) {
        var missing = missing(session, keyspace);
        if (config.createSchema() && !missing.isEmpty()) {
            create(session, keyspace, missing);
            missing = missing(session, keyspace);
        }
        if (!missing.isEmpty()) {
            String text =
                    "keyspace "
                            + keyspace
                            + ": incomplete (expected: create-schema, or what these create: "
                            + String.join("; ", missing)
                            + ")";
            throw new StoreException(Kind.UNAVAILABLE, text, new SettingsException(text));
        }
    }

    /// Whether there is such a keyspace.
    static boolean exists(CqlSession session, String keyspace) {
        return find(session, keyspace).isPresent();
    }

    private static Optional<KeyspaceMetadata> find(CqlSession session, String keyspace) {
        return session.getMetadata().getKeyspace(keyspace);
    }

    private List<String> missing(CqlSession session, String keyspace) {
        var statements = new ArrayList<String>();
        var found = find(session, keyspace);
        if (found.isEmpty()) {
            statements.add(
                    "CREATE KEYSPACE IF NOT EXISTS "
                            + keyspace
                            + " WITH replication = {'class': 'NetworkTopologyStrategy'"
                            + config.replication().entrySet().stream()
                                    .sorted(Map.Entry.comparingByKey())
                                    .map(copies ->
                                            ", '" + copies.getKey() + "': " + copies.getValue())
                                    .collect(joining())
                            + "}");
        }
        for (var part : parts) {
            if (found.isEmpty() || !part.existsIn(found.get())) {
                statements.add(part.statement(keyspace));
            }
        }
        return statements;
    }

    private void create(CqlSession session, String keyspace, List<String> statements) {
        // Or else the driver reads the schema again after each of them, after waiting for more.
        session.setSchemaMetadataEnabled(false);
        @Nullable DriverException failure = null;
        for (String statement : statements) {
            try {
                session.execute(SimpleStatement.newInstance(statement).setTimeout(TIMEOUT));
            } catch (DriverTimeoutException | AllNodesFailedException e) {
                // Each of the others would be waited for as long.
                failure = e;
                break;
            } catch (DriverException e) {
                failure = e;
            }
        }
        session.setSchemaMetadataEnabled(true);
        session.refreshSchema();
        // Another instance may have been faster.
        if (failure != null && !missing(session, keyspace).isEmpty()) {
            throw Failures.of("create keyspace " + keyspace, failure);
        }
    }
}
