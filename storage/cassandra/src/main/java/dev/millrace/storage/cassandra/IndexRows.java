package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.DefaultBatchType;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.Statement;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Rows of indexes, which are small and many: those of one partition are sent together, which for a
/// node is one write. Not safe for threads.
final class IndexRows {

    /// Well below the size of which nodes warn.
    private static final int AT_ONCE = 32;

    private record Partition(PreparedStatement table, @Nullable ByteBuffer key) {}

    private final Map<Partition, List<BoundStatement>> rows = new LinkedHashMap<>();

    /// @param row an insert whose partition key is bound
    void add(BoundStatement row) {
        var partition = new Partition(row.getPreparedStatement(), row.getRoutingKey());
        rows.computeIfAbsent(partition, _ -> new ArrayList<>()).add(row);
    }

    /// What there is to send.
    List<Statement<?>> statements() {
        var statements = new ArrayList<Statement<?>>();
        for (var ofPartition : rows.values()) {
            for (int from = 0; from < ofPartition.size(); from += AT_ONCE) {
                var together =
                        ofPartition.subList(from, Math.min(from + AT_ONCE, ofPartition.size()));
                statements.add(
                        together.size() == 1
                                ? together.getFirst()
                                : BatchStatement.newInstance(DefaultBatchType.UNLOGGED)
                                        .addAll(together));
            }
        }
        return statements;
    }
}
