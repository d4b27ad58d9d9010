package dev.millrace.storage.contract;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.model.Slice;
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
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The contract can be kept: by a map from what is kept to its bytes.
final class DependenciesContractTest
        implements DependenciesContract, DependencyWritingContract, DependencyStore {

    private record Key(Tenant tenant, long minute, int partition) {}

    private record Kept(long upTo, Slice bytes) {}

    private final Map<Key, Kept> minutes = new HashMap<>();

    @Override
    public void writeDependencies(List<DependencyMinute> written) {
        for (var minute : written) {
            var delta =
                    new DependencyDelta(minute.tenant(), new Origin("", 0, 0), minute.entries());
            minutes.put(
                    new Key(minute.tenant(), minute.minute(), minute.partition()),
                    new Kept(minute.upTo(), delta.encode()));
        }
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return minutes.entrySet().stream()
                .filter(one ->
                        one.getKey().tenant().equals(tenant)
                                && one.getKey().minute() >= from
                                && one.getKey().minute() < to)
                .map(one ->
                        new DependencyMinute(
                                tenant,
                                one.getKey().minute(),
                                one.getKey().partition(),
                                one.getValue().upTo(),
                                DependencyDelta.decode(one.getValue().bytes()).entries()))
                .toList();
    }

    @Override
    public DependencyStore dependencies() {
        return this;
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of(Capability.DEPENDENCIES, Capability.TENANTS, Capability.WRITING);
    }

    @Override
    public Duration window() {
        return Duration.ofHours(1);
    }

    @Override
    public TraceStore store() {
        throw new AssertionError("not asked for");
    }

    @Override
    public TraceStore reopenedStore() {
        return new Traceless();
    }

    /// Nothing here is about traces.
    private static final class Traceless implements TraceStore {

        @Override
        public void write(List<Fragment> fragments) {
            throw new AssertionError("not asked for");
        }

        @Override
        public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
            throw new AssertionError("not asked for");
        }

        @Override
        public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
            throw new AssertionError("not asked for");
        }

        @Override
        public TraceVersion version(Tenant tenant, TraceId traceId) {
            throw new AssertionError("not asked for");
        }

        @Override
        public SearchPage search(Tenant tenant, TraceSearch search) {
            throw new AssertionError("not asked for");
        }

        @Override
        public List<String> services(Tenant tenant) {
            throw new AssertionError("not asked for");
        }

        @Override
        public List<Operation> operations(Tenant tenant, String service) {
            throw new AssertionError("not asked for");
        }

        @Override
        public Expired expire(Instant horizon) {
            throw new AssertionError("not asked for");
        }

        @Override
        public void close() {}
    }
}
