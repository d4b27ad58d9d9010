package dev.millrace.assembly;

import dev.millrace.model.Slice;
import java.util.function.Consumer;

/// Reads records of the partition again whose bodies the assembler let go.
public interface LogReader {

    /// Hands over the body at each offset, in this order.
    void read(long[] offsets, Consumer<Slice> bodies);
}
