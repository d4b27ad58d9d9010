package dev.millrace.assembly;

import dev.millrace.model.Slice;

/// Reads records of the partition again whose bodies the assembler let go.
public interface LogReader {

    /// Takes one record.
    interface Records {
        void accept(long offset, Slice body);
    }

    /// Hands over the body at each offset, in this order.
    void read(long[] offsets, Records into);
}
