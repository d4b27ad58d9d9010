package dev.millrace.server.copy;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A store that does what another does, unless a test has it otherwise.
class Wrapped implements TraceStore {

    private final TraceStore store;

    Wrapped(TraceStore store) {
        this.store = store;
    }

    @Override
    public void write(List<Fragment> fragments) {
        store.write(fragments);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        return store.trace(tenant, traceId);
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        return store.piece(tenant, traceId, from);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return store.version(tenant, traceId);
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return store.search(tenant, search);
    }

    @Override
    public List<String> services(Tenant tenant) {
        return store.services(tenant);
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        return store.operations(tenant, service);
    }

    @Override
    public Expired expire(Instant horizon) {
        return store.expire(horizon);
    }

    @Override
    public void close() {}
}
