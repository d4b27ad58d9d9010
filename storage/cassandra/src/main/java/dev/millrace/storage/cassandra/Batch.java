package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.DefaultBatchType;
import com.datastax.oss.driver.api.core.cql.Statement;
import dev.millrace.storage.cassandra.Requests.Write;
import java.util.List;

/// Rows that go with one request. Those of one partition are one write for a node, which costs it
/// little more than a single row.
///
/// All of them get the same time stamp, so that of two with the same key neither is the later.
///
/// @param rows at least one; those of several are of one partition
record Batch(List<Write> rows) {

    static Batch of(Write row) {
        return new Batch(List.of(row));
    }

    boolean hasSeveral() {
        return rows.size() > 1;
    }

    /// Each row by itself.
    List<Batch> single() {
        return rows.stream().map(Batch::of).toList();
    }

    /// What is sent; the driver chooses the node by the partition of the first row.
    Statement<?> statement() {
        if (!hasSeveral()) {
            return rows.getFirst().row();
        }
        // The driver does not ask the rows themselves.
        boolean idempotent =
                rows.stream().noneMatch(write -> Boolean.FALSE.equals(write.row().isIdempotent()));
        return BatchStatement.newInstance(DefaultBatchType.UNLOGGED)
                .addAll(rows.stream().map(Write::row).toList())
                .setIdempotent(idempotent);
    }
}
