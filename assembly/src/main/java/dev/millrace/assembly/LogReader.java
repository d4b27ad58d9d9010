package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;

/// Reads records of the partition again whose bodies the assembler let go.
public interface LogReader {

    /// Takes the spans that one record holds of one trace.
    interface Records {
        void accept(long offset, TraceId traceId, Slice body);
    }

    /// Hands over the bodies at each offset, in this order: of each trace in the record, wanted or
    /// not.
    void read(long[] offsets, Records into);
}
