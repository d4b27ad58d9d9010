package dev.millrace.storage.elasticsearch;

import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.AttributeSearchContract;
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.ConditionSearchContract;
import dev.millrace.storage.contract.DependenciesContract;
import dev.millrace.storage.contract.DependencyWritingContract;
import dev.millrace.storage.contract.ExpiryContract;
import dev.millrace.storage.contract.LargeTraceContract;
import dev.millrace.storage.contract.NamesContract;
import dev.millrace.storage.contract.PagingContract;
import dev.millrace.storage.contract.TimeSearchContract;
import dev.millrace.storage.contract.TraceContract;
import dev.millrace.storage.contract.VersionContract;
import dev.millrace.storage.contract.WritingContract;
import dev.millrace.testkit.search.SearchServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// The whole suite of stores in the daily layout, for either server.
abstract class StoreContracts
        implements WritingContract,
                TraceContract,
                LargeTraceContract,
                VersionContract,
                ConditionSearchContract,
                AttributeSearchContract,
                TimeSearchContract,
                PagingContract,
                NamesContract,
                ExpiryContract,
                DependenciesContract,
                DependencyWritingContract {

    private final OnServer onServer;
    private ElasticsearchStore store;

    StoreContracts(SearchServer.Kind kind) {
        onServer = new OnServer(SearchServer.shared(kind), "contract");
        store = new ElasticsearchStore(onServer.config(), meters());
    }

    private static MeterRegistry meters() {
        return new SimpleMeterRegistry();
    }

    @BeforeEach
    void open() {
        store.start();
    }

    @AfterEach
    void close() {
        store.close();
        onServer.close();
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
        store.close();
        store = OnServer.started(onServer.config());
        return store;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public Duration window() {
        return Duration.ofDays(1);
    }
}
