package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import dev.millrace.storage.cassandra.Requests.Write;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Puts rows of one partition together, in batches of a bounded size. Not safe for threads.
final class RowsByPartition {

    /// Of a batch's values. Nodes take a batch of one partition at any size that they take a row,
    /// and do not warn of it either; this is less than the 50 KiB from which they refuse others.
    static final int MAX_BYTES = 32 * 1024;

    /// A row of an index takes a node longer than its bytes do.
    private static final int MAX_ROWS = 256;

    private record Partition(PreparedStatement table, @Nullable ByteBuffer key) {}

    private static final class Filling {
        private final List<Write> rows = new ArrayList<>();
        private int bytes;

        boolean hasRoomFor(int more) {
            return rows.size() < MAX_ROWS && bytes + more <= MAX_BYTES;
        }
    }

    private final Map<Partition, Filling> last = new HashMap<>();
    private final List<Filling> all = new ArrayList<>();
    private int size;

    /// @param write an insert whose partition key is bound
    void add(Write write) {
        var row = write.row();
        var partition = new Partition(row.getPreparedStatement(), row.getRoutingKey());
        int bytes = bytes(row);
        var filling = last.get(partition);
        if (filling == null || !filling.hasRoomFor(bytes)) {
            filling = new Filling();
            last.put(partition, filling);
            all.add(filling);
        }
        filling.rows.add(write);
        filling.bytes += bytes;
        size++;
    }

    private static int bytes(BoundStatement row) {
        int bytes = 0;
        for (@Nullable ByteBuffer value : row.getValues()) {
            bytes += value == null ? 0 : value.remaining();
        }
        return bytes;
    }

    /// How many rows there are.
    int size() {
        return size;
    }

    /// What there is to send. A row that is too large for a batch is one by itself.
    List<Batch> batches() {
        return all.stream().map(filling -> new Batch(List.copyOf(filling.rows))).toList();
    }
}
