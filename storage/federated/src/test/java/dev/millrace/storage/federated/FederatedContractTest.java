package dev.millrace.storage.federated;

import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.StoreContract;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/// Two stores that each have some fragments of every trace answer as one that has them all.
final class FederatedContractTest implements StoreContract {

    private static final Duration WINDOW = Duration.ofHours(1);

    private final Path directory;
    private Scattered store;

    FederatedContractTest(@TempDir Path directory) {
        this.directory = directory;
        this.store = open();
    }

    private Scattered open() {
        var members = Stream.of("hot", "cold").map(this::member).toList();
        var federated =
                new FederatedTraceStore(
                        List.of(
                                new Member("hot", members.getFirst()),
                                new Member("cold", members.getLast())),
                        Duration.ofSeconds(60),
                        false);
        return new Scattered(federated, members);
    }

    private LocalTraceStore member(String name) {
        var config =
                new LocalStoreConfig(
                        directory.resolve(name), WINDOW, Duration.ofDays(7), new ByteSize(0));
        var member = new LocalTraceStore(config, new SimpleMeterRegistry());
        member.start();
        return member;
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
    public DependencyStore dependencies() {
        return store;
    }

    @Override
    public TraceStore reopenedStore() {
        store.close();
        store = open();
        return store;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public Duration window() {
        return WINDOW;
    }

    @Override
    public int randomSearches() {
        return 15;
    }
}
