package dev.millrace.agent;

import dev.millrace.agent.spool.Parcel;
import dev.millrace.model.Tenant;
import java.util.concurrent.CompletableFuture;

/// The way to the collectors.
///
/// Used by one thread.
interface Link {

    /// Whether some collector may be asked now.
    boolean isOpen(long now);

    /// How long until one may, nanoseconds; 0 where one may now, and at most a second.
    long untilOpen(long now);

    /// How long a tenant is to be left out because it is ahead of its rate wherever others may be
    /// sent, nanoseconds; 0 where it is not.
    long heldFor(Tenant tenant, long now);

    /// Sends to one of them, or where it cannot be reached to the next.
    ///
    /// @return never fails, and completes within a bounded time
    CompletableFuture<Answer> send(Parcel parcel, long now);
}
