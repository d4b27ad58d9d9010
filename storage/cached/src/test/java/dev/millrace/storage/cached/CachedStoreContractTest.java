package dev.millrace.storage.cached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.cache.LocalBytes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.ExpiryContract;
import dev.millrace.storage.contract.LargeTraceContract;
import dev.millrace.storage.contract.Samples;
import dev.millrace.storage.contract.TraceContract;
import dev.millrace.storage.contract.VersionContract;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.testkit.FakeClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a store promises it promises with a cache before it. What is not remembered is left out.
final class CachedStoreContractTest
        implements TraceContract, LargeTraceContract, VersionContract, ExpiryContract {

    private static final Duration WINDOW = Duration.ofHours(1);

    private final LocalStoreConfig config;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final LocalBytes bytes =
            new LocalBytes(new ByteSize(1 << 20), System::nanoTime, registry);
    // Shows a time when all traces may grow, those from weeks before included.
    private final FakeClock clock = new FakeClock(Instant.EPOCH.plusNanos(Samples.TIME));
    private CachedTraceStore store;

    CachedStoreContractTest(@TempDir Path directory) {
        config = new LocalStoreConfig(directory, WINDOW, Duration.ofDays(7), new ByteSize(0));
        store = opened();
    }

    private CachedTraceStore opened() {
        var local = new LocalTraceStore(config, registry);
        local.start();
        return CachedTraceStore.over(
                local,
                bytes,
                new CacheConfig(
                        Duration.ofMinutes(5),
                        Duration.ofMinutes(10),
                        Duration.ofDays(400),
                        new ByteSize(1 << 20),
                        Duration.ofSeconds(30)),
                clock,
                System::nanoTime,
                registry);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Override
    public TraceStore store() {
        return store;
    }

    @Override
    public TraceStore reopenedStore() {
        store.close();
        store = opened();
        return store;
    }

    @Test
    void keepsFiguresAsTheStoreDoes() {
        // Given
        var minute = new DependencyMinute(Tenant.DEFAULT, 7, 1, 9, List.of());

        // When
        var figures = (DependencyStore) store;
        figures.writeDependencies(List.of(minute));

        // Then
        assertThat(figures.dependencies(Tenant.DEFAULT, 7, 8)).containsExactly(minute);
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public Duration window() {
        return WINDOW;
    }
}
