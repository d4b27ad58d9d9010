package dev.millrace.assembly;

import dev.millrace.model.Slice;
import java.util.List;

/// What a record of the log holds of one trace.
///
/// @param appendedAt milliseconds since the epoch
public record LogRecord(long appendedAt, List<Slice> bodies) {

    public LogRecord {
        bodies = List.copyOf(bodies);
    }
}
