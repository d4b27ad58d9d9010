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

    /// Keeps the fragments. They are durable, and found by every later read, when this returns.
    ///
    /// Writing a fragment again, known by its [FragmentId], changes nothing. When this throws, any
    /// of the fragments may have been kept: the caller writes all of them again.
    void write(List<Fragment> fragments);

    /// The trace, merged from its fragments by the duplicate rule, parents first.
    Optional<Trace> trace(Tenant tenant, TraceId traceId);

    /// The newest traces that match, each complete.
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

    /// Closes files and connections. Idempotent; bounded in time.
    @Override
    void close();
}
