package dev.millrace.storage.cassandra;

import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.StoreUnderTest;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/// What every store promises, in a keyspace of its own; the store is opened once.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CassandraContract implements StoreUnderTest {

    private final CassandraConfig config;
    private final AtomicLong nanoTime = new AtomicLong();
    private CassandraTraceStore store;

    CassandraContract(CassandraConfig config) {
        this.config = config;
        this.store = TestCluster.started(config, nanoTime::get);
    }

    @BeforeEach
    void empty() {
        TestCluster.empty(config.keyspace());
        // Long enough for the store to write names again.
        nanoTime.addAndGet(Duration.ofDays(1).toNanos());
    }

    @AfterAll
    void close() {
        store.close();
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
        store = TestCluster.started(config, nanoTime::get);
        return store;
    }

    @Override
    public Duration window() {
        return Times.WINDOW;
    }
}
