package dev.millrace.query;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.util.Optional;

/// Where traces go that somebody wants to keep for longer than the store does.
///
/// Every method may block on I/O, for a bounded time, and may be called by any number of threads at
/// once. All of them throw [dev.millrace.storage.api.StoreException].
public interface TraceArchive {

    /// Keeps the trace, which may have grown since it was kept before. It is durable when this
    /// returns.
    void keep(Tenant tenant, Trace trace);

    /// The trace as it was kept; empty when it never was.
    Optional<Trace> trace(Tenant tenant, TraceId traceId);
}
