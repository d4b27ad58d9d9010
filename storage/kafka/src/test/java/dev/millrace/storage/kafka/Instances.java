package dev.millrace.storage.kafka;

import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.kafka.Partitions.Held;
import dev.millrace.storage.kafka.Partitions.Owners;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Instances of the store in one process, each with a real port, over real stores of partitions;
/// who has which partition is said by the test instead of Kafka.
final class Instances implements AutoCloseable {

    static final String TRACES = "traces-complete";
    static final String DEPENDENCIES = "dependencies";

    private final int count;
    private final Map<Integer, LocalTraceStore> logs = new HashMap<>();
    private final List<Instance> instances = new ArrayList<>();
    private final Map<Integer, Owners> owners = new ConcurrentHashMap<>();

    /// Whether the instances know how many partitions there are.
    volatile boolean known = true;

    /// How long they wait for a partition that nobody has.
    volatile Duration handover = Duration.ZERO;

    /// @param count of partitions
    Instances(int count) {
        this.count = count;
    }

    static PeerConfig config() {
        return config(Duration.ofMinutes(5));
    }

    static PeerConfig config(Duration hedgeAfter) {
        return config(hedgeAfter, Duration.ofMinutes(10));
    }

    static PeerConfig config(Duration hedgeAfter, Duration patience) {
        return new PeerConfig(
                "127.0.0.1",
                0,
                new SharedSecret("the-secret"),
                false,
                null,
                hedgeAfter,
                patience,
                PeerConfig.DEFAULT_MAX_QUESTIONS);
    }

    /// Opens a store for what the log of each partition holds.
    void open(Path directory) {
        for (int partition = 0; partition < count; partition++) {
            logs.put(partition, local(directory.resolve("partition-" + partition)));
        }
    }

    /// Closes what was opened.
    void closeLogs() {
        logs.values().forEach(LocalTraceStore::close);
        logs.clear();
    }

    static LocalTraceStore local(Path directory) {
        var store = new LocalTraceStore(LocalStoreConfig.in(directory), new SimpleMeterRegistry());
        store.start();
        return store;
    }

    /// Starts another instance, which has nothing yet.
    Instance add(PeerConfig config) {
        var instance = new Instance(config);
        instances.add(instance);
        return instance;
    }

    /// What the log of a partition holds.
    LocalTraceStore log(int partition) {
        var log = logs.get(partition);
        if (log == null) {
            throw new IllegalStateException("partition " + partition + ": not open");
        }
        return log;
    }

    int of(TraceId traceId) {
        return Placement.BY_ID.partition(traceId, count);
    }

    /// Puts fragments where their traces lie.
    void write(List<Fragment> fragments) {
        var byPartition = new TreeMap<Integer, List<Fragment>>();
        for (var fragment : fragments) {
            byPartition
                    .computeIfAbsent(of(fragment.traceId()), _ -> new ArrayList<>())
                    .add(fragment);
        }
        byPartition.forEach((partition, those) -> log(partition).write(those));
    }

    /// Deals the partitions out, one to each instance in turn.
    void spread() {
        for (int partition = 0; partition < count; partition++) {
            give(partition, instances.get(partition % instances.size()));
        }
    }

    /// Gives a partition to an instance, and copies of it to others that are not behind.
    void give(int partition, Instance active, Instance... standbys) {
        for (var instance : instances) {
            instance.held.remove(partition);
        }
        active.put(partition, log(partition), true, 0);
        for (var standby : standbys) {
            standby.put(partition, log(partition), false, 0);
        }
        owners(partition, active.self(), List.of(standbys).stream().map(Instance::self).toList());
    }

    /// Says who has a partition, be it so or not.
    void owners(int partition, @Nullable Peer active, List<Peer> standbys) {
        owners.put(partition, new Owners(Optional.ofNullable(active), standbys));
    }

    List<Integer> partitions() {
        return IntStream.range(0, count).boxed().toList();
    }

    /// A port of this machine that nobody listens on.
    static Peer nobody() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new Peer("127.0.0.1", socket.getLocalPort());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        instances.forEach(Instance::close);
    }

    /// What an instance has of a partition, which is that of both topics.
    record Copy(Held traces, Held figures) {}

    /// One of them.
    final class Instance implements AutoCloseable {

        final SimpleMeterRegistry meters = new SimpleMeterRegistry();
        final Map<Integer, Copy> held = new ConcurrentHashMap<>();
        private final PeerServer server;
        private final PeerClient client;
        private final KafkaTraceStore store;

        private Instance(PeerConfig config) {
            var traces = new PartitionedTopic(TRACES, new View(Copy::traces), Placement.BY_ID);
            var dependencies =
                    new PartitionedTopic(DEPENDENCIES, new View(Copy::figures), Placement.BY_ID);
            // Patient with the others, however soon it gives up itself.
            server = new PeerServer(config(), traces, dependencies, null, meters);
            server.start();
            client = new PeerClient(config);
            store = new KafkaTraceStore(traces, dependencies, self(), config, client, meters);
        }

        Peer self() {
            return new Peer("127.0.0.1", server.port());
        }

        KafkaTraceStore store() {
            return store;
        }

        PeerServer server() {
            return server;
        }

        /// Puts another store in the place of what it has of a partition.
        <S extends TraceStore & DependencyStore> void put(
                int partition, S other, boolean active, long behind) {
            held.put(
                    partition,
                    new Copy(
                            new Held(new Contents.Traces(other), active, behind),
                            new Held(new Contents.Figures(other::dependencies), active, behind)));
        }

        double counted(String name, String... tags) {
            return meters.find(name).tags(tags).counters().stream()
                    .mapToDouble(counter -> counter.count())
                    .sum();
        }

        @Override
        public void close() {
            store.close();
            client.close();
            server.close();
        }

        private final class View implements Partitions {

            private final Function<Copy, Held> part;

            private View(Function<Copy, Held> part) {
                this.part = part;
            }

            @Override
            public int count() {
                return known ? count : 0;
            }

            @Override
            public Duration handover() {
                return handover;
            }

            @Override
            public Owners owners(int partition) {
                return owners.getOrDefault(partition, new Owners(Optional.empty(), List.of()));
            }

            @Override
            public Optional<Held> here(int partition) {
                return Optional.ofNullable(held.get(partition)).map(part);
            }
        }
    }
}
