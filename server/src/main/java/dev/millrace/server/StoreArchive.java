package dev.millrace.server;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.query.TraceArchive;
import dev.millrace.server.copy.TraceFragments;
import dev.millrace.storage.api.TraceStore;
import java.util.Optional;

/// A store of its own as the archive.
///
/// A trace that is archived again while it has not changed changes nothing; one that has grown gets
/// what is new.
///
/// @param store one in which nothing expires; stays the caller's to close
record StoreArchive(TraceStore store) implements TraceArchive {

    @Override
    public void keep(Tenant tenant, Trace trace) {
        store.write(TraceFragments.of(tenant, trace));
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        return store.trace(tenant, traceId);
    }
}
