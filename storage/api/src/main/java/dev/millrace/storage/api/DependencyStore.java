package dev.millrace.storage.api;

import dev.millrace.model.Tenant;
import java.util.List;

/// Keeps what services call which, and how often, how long and how well, minute by minute.
///
/// Every method may block on I/O, for a bounded time, and may be called by any number of threads at
/// once. All of them throw [StoreException].
public interface DependencyStore {

    /// Keeps the figures of these minutes. They are durable, and found by every later read, when
    /// this returns.
    ///
    /// What is kept of the same tenant, minute and partition is replaced. When this throws, any of
    /// them may have been kept: the caller writes all of them again.
    void writeDependencies(List<DependencyMinute> minutes);

    /// What is kept of some minutes, every partition by itself, in no order.
    ///
    /// @param from the first of them, minutes since the epoch
    /// @param to the one after the last
    List<DependencyMinute> dependencies(Tenant tenant, long from, long to);
}
