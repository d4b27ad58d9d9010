package dev.millrace.storage.federated;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Reads a federation whose members were written by somebody else: what comes is scattered over
/// them, so that the fragments of a trace lie in all.
record Scattered(FederatedTraceStore federated, List<LocalTraceStore> members)
        implements TraceStore, DependencyStore {

    @Override
    public void write(List<Fragment> fragments) {
        scatter(fragments, Fragment::id, LocalTraceStore::write);
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        scatter(
                minutes,
                minute -> minute.minute() * 31 + minute.partition(),
                LocalTraceStore::writeDependencies);
    }

    @FunctionalInterface
    private interface Write<T> {
        void write(LocalTraceStore store, List<T> values);
    }

    private <T> void scatter(List<T> values, Function<T, Object> place, Write<T> write) {
        var shares = new ArrayList<List<T>>();
        members.forEach(_ -> shares.add(new ArrayList<>()));
        for (var value : values) {
            shares.get(Math.floorMod(place.apply(value).hashCode(), members.size())).add(value);
        }
        for (int i = 0; i < shares.size(); i++) {
            write.write(members.get(i), shares.get(i));
        }
    }

    @Override
    public Expired expire(Instant horizon) {
        int windows = 0;
        for (var member : members) {
            windows += member.expire(horizon).windows();
        }
        return Expired.tooOld(windows);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        return federated.trace(tenant, traceId);
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        return federated.piece(tenant, traceId, from);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return federated.version(tenant, traceId);
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return federated.search(tenant, search);
    }

    @Override
    public List<String> services(Tenant tenant) {
        return federated.services(tenant);
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        return federated.operations(tenant, service);
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return federated.dependencies(tenant, from, to);
    }

    @Override
    public void close() {
        federated.close();
        members.forEach(LocalTraceStore::close);
    }
}
