package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Judges the traces that an assembler closes, and takes what is kept.
///
/// For each trace it is called in the order of the methods here: it sees all spans, gives the
/// verdict, takes the parts if there are any, and hears that it was all.
public interface TraceSink {

    /// A trace is being closed.
    void begin(Tenant tenant, TraceId traceId);

    /// A record that cannot be read and is no part of any trace.
    ///
    /// @param minute of the log in which it came
    /// @param reason what was found and what was expected
    void poison(
            Tenant tenant, TraceId traceId, long offset, long minute, Slice body, String reason);

    /// The spans of a part of it; a trace of usual size has one part.
    ///
    /// @param from the first of the part's spans in the order of the log
    /// @param spans duplicates left out, parents first
    void observe(SpanIndex index, int from, int[] spans);

    /// All of it has been shown; nothing if every record was poison.
    ///
    /// @param earlier what is on record of the trace that these late spans belong to; null for the
    ///   trace itself
    Fate judge(ClosedTrace trace, ClosedTraces.@Nullable Entry earlier);

    /// In place of a verdict: the trace, or this late fragment of it, could not be enriched. All of
    /// its records follow, to be put aside; neither is it kept nor anything that still comes of it.
    ///
    /// @param trace with the digest of what could be read, mostly as it was sent
    void refused(ClosedTrace trace, Refusal refusal);

    /// A record of a trace that was refused, as it was sent.
    ///
    /// @param body OTLP `TracesData`
    void putAside(ClosedTrace trace, long offset, Slice body, Refusal refusal);

    /// The trace state that a kept span is written with.
    ///
    /// @param before the one it has, empty when it has none
    Slice traceState(Slice before, Fate fate);

    /// A part of a trace that is kept.
    ///
    /// @param part counts from 0
    /// @param body OTLP `TracesData`, duplicates removed, parents first
    /// @param minutes in which of the log's the part's spans came
    void part(ClosedTrace trace, int part, Slice body, List<LogMinute> minutes);

    /// In place of a part of a trace that is kept: it could not be enriched a second time.
    ///
    /// @param body OTLP `TracesData`, duplicates removed, otherwise as it was sent
    /// @param minutes in which of the log's the part's spans came
    void partPutAside(ClosedTrace trace, Slice body, List<LogMinute> minutes, Refusal refusal);

    /// All parts of the trace have been given.
    void closed(ClosedTrace trace, Fate fate);

    /// What was given so far can be put on record now, together with
    /// [PartitionAssembler#resumption()], and a new owner goes on from there.
    ///
    /// Comes after every trace and every part. So neither one record that completes very many
    /// traces nor one trace of very many spans has to be given out in a single transaction.
    void committable();
}
