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
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A partition of figures for those who read: figures it has, traces it refuses.
///
/// To read from only, like every store of a partition; it is written, expired and closed by those
/// who follow the log.
final class FiguresStore implements TraceStore, DependencyStore {

    private final DependencyPartition partition;

    FiguresStore(DependencyPartition partition) {
        this.partition = partition;
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return partition.dependencies(tenant, from, to);
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        throw refused("figures are taken from their topic");
    }

    @Override
    public void write(List<Fragment> fragments) {
        throw noTraces();
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        throw noTraces();
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        throw noTraces();
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        throw noTraces();
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        throw noTraces();
    }

    @Override
    public List<String> services(Tenant tenant) {
        throw noTraces();
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        throw noTraces();
    }

    @Override
    public Expired expire(Instant horizon) {
        throw noTraces();
    }

    @Override
    public void close() {}

    private static StoreException noTraces() {
        return refused("here are figures of services, no traces");
    }

    private static StoreException refused(String why) {
        return new StoreException(Kind.NOT_SUPPORTED, why);
    }
}
