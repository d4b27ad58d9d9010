package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import dev.millrace.model.SpanKind;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.cassandra.FragmentRows.NameRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/// One tenant's keyspace, complete and ready to be asked.
final class Keyspace {

    /// How many rows are made before they are written. With more of them more are of the same
    /// partition, but each write that is under way holds as many.
    private static final int ROWS_AT_ONCE = 20_000;

    private final CassandraConfig config;
    private final Requests requests;
    private final Statements statements;
    private final JaegerSpanRow spanRow;
    private final DependencyRows dependencies;
    private final RecentlyWritten<NameRow> recent;

    /// Prepares everything there is to ask.
    Keyspace(
            CassandraConfig config,
            CqlSession session,
            Requests requests,
            String name,
            LongSupplier nanoTime) {
        this.config = config;
        this.requests = requests;
        this.recent = new RecentlyWritten<>(nanoTime);
        try {
            this.statements = new Statements(session, name);
        } catch (RuntimeException e) {
            throw Failures.of("keyspace " + name, e);
        }
        this.spanRow = new JaegerSpanRow(statements.insertSpan);
        this.dependencies =
                new DependencyRows(requests, statements, keptSeconds(config.dependencyRetention()));
    }

    /// How long a row is kept that says where others are: longer than any it was written for.
    private static int keptSeconds(Duration retention) {
        return retention.isZero()
                ? 0
                : (int) retention.plus(RecentlyWritten.AGAIN_AFTER).plusHours(1).toSeconds();
    }

    Statements statements() {
        return statements;
    }

    DependencyRows dependencies() {
        return dependencies;
    }

    /// @return how many spans the fragments have
    int write(List<Fragment> fragments) {
        int spans = 0;
        var rows = new FragmentRows(statements, spanRow, config);
        for (var fragment : fragments) {
            rows.add(fragment);
            if (rows.rows() >= ROWS_AT_ONCE) {
                write(rows);
                spans += rows.spans();
                rows = new FragmentRows(statements, spanRow, config);
            }
        }
        write(rows);
        return spans + rows.spans();
    }

    private void write(FragmentRows rows) {
        long sentAt = recent.now();
        var names = recent.rest(rows.names());
        int kept = keptSeconds(config.retention());
        names.forEach(name -> rows.add(name, kept));
        try {
            requests.write(rows.batches());
        } catch (StoreException e) {
            recent.forget();
            throw e;
        }
        recent.add(names, sentAt);
    }

    void writeDependencies(List<DependencyMinute> minutes) {
        // Each by itself, for the later of two of the same minute has to replace the earlier.
        var batches = new ArrayList<Batch>();
        for (var minute : minutes) {
            dependencies.writes(minute).forEach(row -> batches.add(Batch.of(row)));
        }
        requests.write(batches);
    }

    List<String> services() {
        BoundStatement all = statements.selectServices.bind();
        return requests.rows("services", all).stream()
                .map(row -> Columns.text(row, "service_name"))
                .sorted()
                .toList();
    }

    List<Operation> operations(String service) {
        var statement = statements.selectOperations.bind().setString("service_name", service);
        return requests.rows("operations", statement).stream()
                .map(row ->
                        new Operation(
                                Columns.text(row, "operation_name"),
                                kind(Columns.text(row, "span_kind"))))
                .sorted()
                .distinct()
                .toList();
    }

    private static SpanKind kind(String name) {
        for (var kind : SpanKind.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(name)) {
                return kind;
            }
        }
        return SpanKind.UNSPECIFIED;
    }
}
