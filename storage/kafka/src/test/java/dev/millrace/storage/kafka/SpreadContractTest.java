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
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.StoreContract;
import dev.millrace.storage.kafka.Instances.Instance;
import dev.millrace.storage.local.LocalStoreConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// Three instances, each with some of the partitions, answer as one store that has them all; what
/// is written is put straight into the partitions.
final class SpreadContractTest implements StoreContract {

    private static final int PARTITIONS = 4;
    private static final Instances INSTANCES = new Instances(PARTITIONS);

    private static List<Instance> each = List.of();

    private final Path directory;
    private final Spread store = new Spread();

    SpreadContractTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeAll
    static void start() {
        each =
                List.of(
                        INSTANCES.add(Instances.config()),
                        INSTANCES.add(Instances.config()),
                        INSTANCES.add(Instances.config()));
    }

    @AfterAll
    static void stop() {
        INSTANCES.close();
    }

    @BeforeEach
    void open() {
        INSTANCES.open(directory);
        INSTANCES.spread();
    }

    @AfterEach
    void close() {
        INSTANCES.closeLogs();
    }

    @Override
    public TraceStore store() {
        return store;
    }

    @Override
    public DependencyStore dependencies() {
        return store;
    }

    @Override
    public TraceStore reopenedStore() {
        close();
        open();
        return store;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public Duration window() {
        return LocalStoreConfig.DEFAULT_WINDOW;
    }

    @Override
    public int randomSearches() {
        return 15;
    }

    /// Asks one of the instances after the other.
    private static final class Spread implements TraceStore, DependencyStore {

        private int turn;

        private synchronized KafkaTraceStore next() {
            turn++;
            return each.get(turn % each.size()).store();
        }

        @Override
        public void write(List<Fragment> fragments) {
            INSTANCES.write(fragments);
        }

        @Override
        public void writeDependencies(List<DependencyMinute> minutes) {
            for (var minute : minutes) {
                INSTANCES
                        .log(Math.floorMod(minute.partition(), PARTITIONS))
                        .writeDependencies(List.of(minute));
            }
        }

        /// Each in the partitions that it has.
        @Override
        public Expired expire(Instant horizon) {
            int windows = 0;
            for (var instance : each) {
                windows += instance.store().expire(horizon).windows();
            }
            return Expired.tooOld(windows);
        }

        @Override
        public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
            return next().trace(tenant, traceId);
        }

        @Override
        public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
            return next().piece(tenant, traceId, from);
        }

        @Override
        public TraceVersion version(Tenant tenant, TraceId traceId) {
            return next().version(tenant, traceId);
        }

        @Override
        public SearchPage search(Tenant tenant, TraceSearch search) {
            return next().search(tenant, search);
        }

        @Override
        public List<String> services(Tenant tenant) {
            return next().services(tenant);
        }

        @Override
        public List<Operation> operations(Tenant tenant, String service) {
            return next().operations(tenant, service);
        }

        @Override
        public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
            return next().dependencies(tenant, from, to);
        }

        @Override
        public void close() {
            // The instances outlive it.
        }
    }
}
