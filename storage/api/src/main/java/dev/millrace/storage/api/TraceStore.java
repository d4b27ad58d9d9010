package dev.millrace.storage.api;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Keeps fragments of traces and gives back whole traces.
///
/// Every method may block on I/O, for a bounded time, and may be called by any number of threads at
/// once. All of them throw [StoreException].
public interface TraceStore extends AutoCloseable {

    /// How large a trace is handed out whole, in bytes of OTLP: 32 MiB, 80,000 spans of the usual
    /// size. As objects they take some times as much.
    int MAX_WHOLE_BYTES = 32 << 20;

    /// Keeps the fragments. They are durable, and found by every later read, when this returns.
    ///
    /// Writing a fragment again, known by its [FragmentId], changes nothing. When this throws, any
    /// of the fragments may have been kept: the caller writes all of them again.
    void write(List<Fragment> fragments);

    /// The trace, merged from its fragments by the duplicate rule, parents first.
    ///
    /// @throws StoreException as TOO_LARGE when its fragments have more than [#MAX_WHOLE_BYTES]
    ///   together: then it can only be read by the [#piece]
    Optional<Trace> trace(Tenant tenant, TraceId traceId);

    /// A piece of a trace of any size: some MiB, however large the trace is.
    ///
    /// Going on from each piece to the next one gives every span that was there when the first was
    /// asked for, in no order, and copies with them. Nothing is held open in between.
    ///
    /// @param from the [TracePiece#next()] of the piece before; empty for the first one
    /// @return empty when there is no such trace, or no more of it
    Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from);

    /// Which state of the trace [#trace] would give now, [TraceVersion#NONE] for none.
    ///
    /// Much cheaper than the trace itself, for those who have read it before and want to know
    /// whether it has grown since. A trace read after its version holds at least what that stands
    /// for.
    TraceVersion version(Tenant tenant, TraceId traceId);

    /// The newest traces that match, each complete but for those that are too large for it.
    SearchPage search(Tenant tenant, TraceSearch search);

    /// The distinct service names, sorted.
    List<String> services(Tenant tenant);

    /// The distinct operations of a service, sorted by name and then kind; empty for an unknown
    /// one.
    List<Operation> operations(Tenant tenant, String service);

    /// Gives up what lies wholly before `horizon`, in whole time windows, and the oldest windows of
    /// a store that is larger than it may be.
    Expired expire(Instant horizon);

    /// The same store, for somebody who can say that an answer is not whole: where it has several
    /// parts and one of them does not answer, the others may answer without it.
    ///
    /// @param gaps is told what is missing and why, on the thread that asks; the answer is whole
    ///   when it was told nothing
    default TraceStore tolerating(Consumer<String> gaps) {
        return this;
    }

    /// The same store, for somebody who keeps answers to give them again later: where a store has
    /// copies, one that is behind may answer, and what it lacks is not to be lacking for longer.
    ///
    /// It is for who stands right before the store; stores that stand before others do not pass it
    /// on.
    ///
    /// @param unfit is run when an answer is good enough to be given and not to be kept, on the
    ///   thread that asks
    default TraceStore forKeeping(Runnable unfit) {
        return this;
    }

    /// Closes files and connections. Idempotent; bounded in time.
    @Override
    void close();
}
