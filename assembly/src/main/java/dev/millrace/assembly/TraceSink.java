package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;

/// Where an assembler puts what it has assembled: first the parts of a trace, then the trace.
public interface TraceSink {

    /// A part of a trace that is being closed.
    ///
    /// @param fragment 0 for the trace itself, 1 and up for its late fragments
    /// @param part counts from 0
    /// @param last whether it is the last part
    /// @param body OTLP `TracesData`, duplicates removed, parents first
    void part(Tenant tenant, TraceId traceId, int fragment, int part, boolean last, Slice body);

    /// A record that cannot be read and is no part of any trace.
    ///
    /// @param reason what was found and what was expected
    void poison(Tenant tenant, TraceId traceId, long offset, Slice body, String reason);

    /// All parts of the trace have been given; none if every record was poison.
    void closed(ClosedTrace trace);
}
