package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;

/// Everything that is asked of one keyspace, prepared.
final class Statements {

    final PreparedStatement insertSpan;
    final PreparedStatement insertService;
    final PreparedStatement insertOperation;
    final PreparedStatement insertByService;
    final PreparedStatement insertByOperation;
    final PreparedStatement insertByDuration;
    final PreparedStatement insertByTag;
    final PreparedStatement insertByTerm;
    final PreparedStatement insertWindow;
    final PreparedStatement insertMinute;
    final PreparedStatement insertDependencies;

    final PreparedStatement selectSpans;
    final PreparedStatement selectJaegerSpans;
    final PreparedStatement selectEarliest;
    final PreparedStatement selectVersion;
    final PreparedStatement selectServices;
    final PreparedStatement selectOperations;
    final PreparedStatement selectByService;
    final PreparedStatement selectByOperation;
    final PreparedStatement selectByTag;
    final PreparedStatement selectByTerm;
    final PreparedStatement selectWindows;
    final PreparedStatement selectMinutes;
    final PreparedStatement selectDependencies;
    final PreparedStatement selectDependencyDays;

    private final CqlSession session;
    private final String keyspace;

    Statements(CqlSession session, String keyspace) {
        this.session = session;
        this.keyspace = keyspace;
        insertSpan =
                insert(
                        "traces",
                        "trace_id",
                        "span_id",
                        "span_hash",
                        "parent_id",
                        "operation_name",
                        "flags",
                        "start_time",
                        "duration",
                        "tags",
                        "logs",
                        "refs",
                        "process",
                        Schema.SPAN_COLUMN);
        insertService = insert("service_names", "service_name");
        insertOperation =
                insert("operation_names_v2", "service_name", "span_kind", "operation_name");
        insertByService =
                insert(
                        "service_name_index",
                        "service_name",
                        "bucket",
                        "start_time",
                        "trace_id",
                        Schema.TRACE_COLUMN);
        insertByOperation =
                insert(
                        "service_operation_index",
                        "service_name",
                        "operation_name",
                        "start_time",
                        "trace_id",
                        Schema.TRACE_COLUMN);
        insertByDuration =
                insert(
                        "duration_index",
                        "service_name",
                        "operation_name",
                        "bucket",
                        "duration",
                        "start_time",
                        "trace_id");
        insertByTag =
                insert(
                        "tag_index",
                        "service_name",
                        "tag_key",
                        "tag_value",
                        "start_time",
                        "trace_id",
                        "span_id");
        insertByTerm =
                insert(
                        "millrace_trace_index",
                        "term",
                        "window",
                        "last_start",
                        "trace_id",
                        "fragment",
                        "first_start",
                        "shortest",
                        "longest",
                        "kinds",
                        "statuses");
        insertWindow =
                session.prepare(
                        "INSERT INTO "
                                + keyspace
                                + ".millrace_windows (kind, window) VALUES (:kind, :window)"
                                + " USING TTL :kept");
        insertMinute =
                insert(
                        "millrace_dependencies",
                        "window",
                        "minute",
                        "partition",
                        "up_to",
                        "figures");
        insertDependencies = insert("dependencies_v2", "ts_bucket", "ts", "dependencies");

        selectSpans = select(Schema.SPAN_COLUMN, "traces", "trace_id = :trace_id");
        selectJaegerSpans =
                select(
                        "span_id, parent_id, operation_name, flags, start_time, duration, tags,"
                                + " logs, refs, process, "
                                + Schema.SPAN_COLUMN,
                        "traces",
                        "trace_id = :trace_id");
        selectEarliest = select("MIN(start_time)", "traces", "trace_id = :trace_id");
        selectVersion = select("COUNT(*), SUM(span_hash)", "traces", "trace_id = :trace_id");
        selectServices = session.prepare("SELECT service_name FROM " + keyspace + ".service_names");
        selectOperations =
                select(
                        "span_kind, operation_name",
                        "operation_names_v2",
                        "service_name = :service_name");
        selectByService =
                select(
                        "start_time, trace_id, " + Schema.TRACE_COLUMN,
                        "service_name_index",
                        "service_name = :service_name AND bucket = :bucket"
                                + " AND start_time >= :first AND start_time <= :last");
        selectByOperation =
                select(
                        "start_time, trace_id, " + Schema.TRACE_COLUMN,
                        "service_operation_index",
                        "service_name = :service_name AND operation_name = :operation_name"
                                + " AND start_time >= :first AND start_time <= :last");
        selectByTag =
                select(
                        "start_time, trace_id",
                        "tag_index",
                        "service_name = :service_name AND tag_key = :tag_key"
                                + " AND tag_value = :tag_value"
                                + " AND start_time >= :first AND start_time <= :last");
        selectByTerm =
                select(
                        "last_start, trace_id, first_start, shortest, longest, kinds, statuses",
                        "millrace_trace_index",
                        "term = :term AND window = :window AND last_start >= :first");
        selectWindows =
                select(
                        "window",
                        "millrace_windows",
                        "kind = :kind AND window >= :first AND window <= :last");
        selectMinutes =
                select(
                        "minute, partition, up_to, figures",
                        "millrace_dependencies",
                        "window = :window AND minute >= :first AND minute < :last");
        selectDependencies =
                select(
                        "ts, dependencies",
                        "dependencies_v2",
                        "ts_bucket = :ts_bucket AND ts >= :first AND ts < :last");
        selectDependencyDays =
                session.prepare("SELECT DISTINCT ts_bucket FROM " + keyspace + ".dependencies_v2");
    }

    private PreparedStatement insert(String table, String... columns) {
        return session.prepare(
                "INSERT INTO "
                        + keyspace
                        + "."
                        + table
                        + " ("
                        + String.join(", ", columns)
                        + ") VALUES (:"
                        + String.join(", :", columns)
                        + ")");
    }

    private PreparedStatement select(String columns, String table, String condition) {
        return session.prepare(
                "SELECT " + columns + " FROM " + keyspace + "." + table + " WHERE " + condition);
    }
}
