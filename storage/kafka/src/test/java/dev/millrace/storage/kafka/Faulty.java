package dev.millrace.storage.kafka;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.storage.local.LocalTraceStore;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A real store that something happens to before it is read.
///
/// @param beforeReads may block, or throw
record Faulty(LocalTraceStore store, Runnable beforeReads) implements TraceStore, DependencyStore {

    @Override
    public void write(List<Fragment> fragments) {
        store.write(fragments);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        beforeReads.run();
        return store.trace(tenant, traceId);
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        beforeReads.run();
        return store.piece(tenant, traceId, from);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        beforeReads.run();
        return store.version(tenant, traceId);
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        beforeReads.run();
        return store.search(tenant, search);
    }

    @Override
    public List<String> services(Tenant tenant) {
        beforeReads.run();
        return store.services(tenant);
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        beforeReads.run();
        return store.operations(tenant, service);
    }

    @Override
    public Expired expire(Instant horizon) {
        beforeReads.run();
        return store.expire(horizon);
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        store.writeDependencies(minutes);
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        beforeReads.run();
        return store.dependencies(tenant, from, to);
    }

    @Override
    public void close() {
        store.close();
    }
}
