package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import dev.millrace.storage.api.TraceSearch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Walks through Jaeger's own indexes, for one search.
final class JaegerWalks {

    private final Requests requests;
    private final Statements statements;
    private final RowBudget budget;
    private final TraceSearch search;

    JaegerWalks(Requests requests, Statements statements, RowBudget budget, TraceSearch search) {
        this.requests = requests;
        this.statements = statements;
        this.budget = budget;
        this.search = search;
    }

    /// What Jaeger wrote of a service.
    List<RowWalk> byService(String service) {
        var walks = new ArrayList<RowWalk>();
        for (int bucket = 0; bucket < FragmentRows.BUCKETS; bucket++) {
            var statement =
                    statements
                            .selectByService
                            .bind()
                            .setString("service_name", service)
                            .setInt("bucket", bucket);
            walks.add(walk(statement, JaegerWalks::ofJaeger));
        }
        return walks;
    }

    /// What Jaeger wrote of an operation.
    RowWalk byOperation(String service, String operation) {
        var statement =
                statements
                        .selectByOperation
                        .bind()
                        .setString("service_name", service)
                        .setString("operation_name", operation);
        return walk(statement, JaegerWalks::ofJaeger);
    }

    /// What anybody wrote with a tag.
    RowWalk byTag(String service, String key, String value) {
        var statement =
                statements
                        .selectByTag
                        .bind()
                        .setString("service_name", service)
                        .setString("tag_key", key)
                        .setString("tag_value", value);
        return walk(statement, JaegerWalks::candidate);
    }

    private RowWalk walk(BoundStatement statement, Function<Row, Walk.Candidate> toCandidate) {
        return new RowWalk(
                requests,
                statement
                        .setLong("first", Times.micros(search.startNanos()))
                        .setLong("last", Times.micros(search.endNanos())),
                budget,
                toCandidate);
    }

    // What we wrote is in our own index, which knows more of it.
    private static Walk.Candidate ofJaeger(Row row) {
        var trace = row.getByteBuffer("trace_id");
        return trace != null && trace.equals(row.getByteBuffer(Schema.TRACE_COLUMN))
                ? new Walk.Candidate(null, row.getLong("start_time"))
                : candidate(row);
    }

    private static Walk.Candidate candidate(Row row) {
        return new Walk.Candidate(
                Walk.traceId(row.getByteBuffer("trace_id")).orElse(null),
                row.getLong("start_time"));
    }
}
