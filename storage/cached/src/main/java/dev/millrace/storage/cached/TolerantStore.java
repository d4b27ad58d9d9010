package dev.millrace.storage.cached;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// A cache before a store for one who takes answers that lack something.
///
/// What is remembered is whole, so that is asked for first; only when there is no whole answer, the
/// store is asked for what it has, and nothing of it is remembered.
///
/// @param tolerant the same store without a cache, which tells what it lacks
record TolerantStore(TraceStore cached, TraceStore tolerant)
        implements TraceStore, DependencyStore {

    private static <T> T wholeOr(Supplier<T> whole, Supplier<T> partial) {
        try {
            return whole.get();
        } catch (StoreException _) {
            // It fails again where gaps are not the reason.
            return partial.get();
        }
    }

    @Override
    public void write(List<Fragment> fragments) {
        cached.write(fragments);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        return wholeOr(
                () -> cached.trace(tenant, traceId), () -> tolerant.trace(tenant, traceId));
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        return tolerant.piece(tenant, traceId, from);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return tolerant.version(tenant, traceId);
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return tolerant.search(tenant, search);
    }

    @Override
    public List<String> services(Tenant tenant) {
        return wholeOr(() -> cached.services(tenant), () -> tolerant.services(tenant));
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        return wholeOr(
                () -> cached.operations(tenant, service),
                () -> tolerant.operations(tenant, service));
    }

    @Override
    public Expired expire(Instant horizon) {
        return cached.expire(horizon);
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        figures().writeDependencies(minutes);
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return figures().dependencies(tenant, from, to);
    }

    private DependencyStore figures() {
        if (tolerant instanceof DependencyStore figures) {
            return figures;
        }
        throw new StoreException(
                Kind.NOT_SUPPORTED, "dependencies: no figures of services are kept here");
    }

    @Override
    public void close() {
        cached.close();
    }
}
