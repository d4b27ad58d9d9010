package dev.millrace.storage.contract;

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
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/// A real store that can be made slow, or fail, before it reads; counts what it is asked.
public final class FaultyStore implements TraceStore, DependencyStore {

    private final TraceStore store;
    private final DependencyStore figures;
    private final AtomicInteger searches = new AtomicInteger();
    private final AtomicInteger lookups = new AtomicInteger();
    private volatile Runnable beforeReads;

    /// @param store closed with this
    /// @param beforeReads may block, or throw
    public <S extends TraceStore & DependencyStore> FaultyStore(S store, Runnable beforeReads) {
        this.store = store;
        this.figures = store;
        this.beforeReads = beforeReads;
    }

    /// @param action may block, or throw
    public void beforeReads(Runnable action) {
        beforeReads = action;
    }

    /// How many searches there were.
    public int searches() {
        return searches.get();
    }

    /// How many traces were asked for.
    public int lookups() {
        return lookups.get();
    }

    @Override
    public void write(List<Fragment> fragments) {
        store.write(fragments);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        lookups.incrementAndGet();
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
        searches.incrementAndGet();
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
        figures.writeDependencies(minutes);
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        beforeReads.run();
        return figures.dependencies(tenant, from, to);
    }

    @Override
    public void close() {
        store.close();
    }
}
