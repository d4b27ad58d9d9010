package dev.millrace.cache;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.Collection;

/// The traces that processes tell each other to remember.
///
/// Nothing here waits: what cannot be told at once is queued, and what finds no room in the queue
/// is counted and given up.
public interface SharedIds extends AutoCloseable {

    /// Hears of traces that others published, in any order, some more than once.
    ///
    /// Called on a thread of its own kind, one call at a time.
    @FunctionalInterface
    interface Listener {
        void remember(Tenant tenant, Collection<TraceId> traceIds);
    }

    /// Begins to listen: first to what is remembered, then to what comes.
    void start(Listener listener);

    /// Tells the others.
    void publish(Tenant tenant, Collection<TraceId> traceIds);

    /// Stops within a second; what is still queued is given up.
    @Override
    void close();

    /// For a process that shares with nobody.
    static SharedIds alone() {
        return new SharedIds() {
            @Override
            public void start(Listener listener) {}

            @Override
            public void publish(Tenant tenant, Collection<TraceId> traceIds) {}

            @Override
            public void close() {}
        };
    }
}
