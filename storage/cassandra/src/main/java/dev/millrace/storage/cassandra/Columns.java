package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.data.GettableByName;
import com.datastax.oss.driver.api.core.data.UdtValue;
import dev.millrace.model.Slice;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Columns and fields, of which any that is no part of a key may be null.
final class Columns {

    private Columns() {}

    static String text(GettableByName row, String name) {
        String text = row.getString(name);
        return text == null ? "" : text;
    }

    static List<UdtValue> list(GettableByName row, String name) {
        var list = row.getList(name, UdtValue.class);
        return list == null ? List.of() : list;
    }

    /// Part of a key.
    static Instant instant(Row row, String name) {
        var instant = row.getInstant(name);
        if (instant == null) {
            throw new StoreException(Kind.CORRUPT, name + ": null (expected: a time)");
        }
        return instant;
    }

    static Slice bytes(@Nullable ByteBuffer buffer) {
        if (buffer == null) {
            return Slice.EMPTY;
        }
        byte[] copy = new byte[buffer.remaining()];
        buffer.duplicate().get(copy);
        return Slice.of(copy);
    }
}
