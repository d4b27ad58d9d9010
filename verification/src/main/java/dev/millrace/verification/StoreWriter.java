package dev.millrace.verification;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// What [StoreKillRun] kills: writes to a store from two threads until it dies, and says after each
/// write what is safe. Now and then it does the store's upkeep, or copies it.
///
/// A fragment follows from its partition and offset alone, so that what is in the store can be held
/// against what was written.
public final class StoreWriter {

    static final int PARTITIONS = 2;

    private static final long BEGIN_NANOS = 1_788_265_200_000_000_000L;
    private static final int LARGEST_BATCH = 24;

    private final Path directory;
    private final LocalTraceStore store;
    private final SplittableRandom random;

    private StoreWriter(Path directory, LocalTraceStore store, SplittableRandom random) {
        this.directory = directory;
        this.store = store;
        this.random = random;
    }

    /// Arguments: the store's directory, a seed, and for each partition the offset to begin at.
    public static void main(String[] arguments) throws InterruptedException {
        var directory = Path.of(arguments[0]);
        var random = new SplittableRandom(Long.parseLong(arguments[1]));
        var store = new LocalTraceStore(config(directory), new SimpleMeterRegistry());
        store.start();
        var threads = new ArrayList<Thread>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            int number = partition;
            long offset = Long.parseLong(arguments[2 + partition]);
            var writer = new StoreWriter(directory, store, random.split());
            threads.add(Thread.ofPlatform().start(() -> writer.write(number, offset)));
        }
        for (var thread : threads) {
            thread.join();
        }
        // A thread that fails must not leave the other one writing in peace.
        System.exit(1);
    }

    static LocalStoreConfig config(Path directory) {
        return new LocalStoreConfig(
                directory, Duration.ofMinutes(1), Duration.ofDays(1), new ByteSize(0));
    }

    private void write(int partition, long first) {
        try {
            // What is read again is counted in already.
            long counted =
                    store.dependencies(Tenant.DEFAULT, 0, 1).stream()
                            .filter(minute -> minute.partition() == partition)
                            .mapToLong(DependencyMinute::upTo)
                            .max()
                            .orElse(0);
            for (long offset = first; ; ) {
                var batch = new ArrayList<Fragment>();
                int size = 1 + random.nextInt(LARGEST_BATCH);
                for (int i = 0; i < size; i++) {
                    batch.add(fragment(partition, offset++));
                }
                store.write(batch);
                store.writeDependencies(
                        List.of(
                                new DependencyMinute(
                                        Tenant.DEFAULT,
                                        0,
                                        partition,
                                        Math.max(offset, counted),
                                        List.of())));
                System.out.println(partition + " " + offset + " safe");
                switch (random.nextInt(12)) {
                    case 0 -> store.expire(Instant.EPOCH);
                    case 1 ->
                            store.backUp(
                                    directory.resolve(
                                            "copies/"
                                                    + partition
                                                    + "-"
                                                    + offset
                                                    + "-"
                                                    + random.nextInt()));
                    default -> {}
                }
            }
        } finally {
            System.exit(1);
        }
    }

    /// Some spans of a trace of its own, mostly a little later than the fragment before.
    static Fragment fragment(int partition, long offset) {
        var random = new SplittableRandom(offset * PARTITIONS + partition);
        var traceId = new TraceId(random.nextLong() | 1, random.nextLong());
        long late = random.nextInt(25) == 0 ? Duration.ofMinutes(3).toNanos() : 0;
        long start = BEGIN_NANOS + offset * 100_000_000 - late;
        var spans = new ArrayList<Span>();
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            spans.add(
                    Span.builder(traceId, new SpanId(random.nextLong() | 1))
                            .name("GET /orders/" + random.nextInt(20))
                            .time(start + i, start + i + random.nextInt(1_000_000_000))
                            .resource(
                                    new Resource(
                                            text("service.name", "shop-" + random.nextInt(9)),
                                            0,
                                            ""))
                            .attributes(text("user.id", "u-" + random.nextInt(1_000_000)), 0)
                            .build());
        }
        return new Fragment(
                new FragmentId("traces-complete", partition, offset),
                Tenant.DEFAULT,
                traceId,
                OtlpEncoder.encode(spans));
    }

    private static Attributes text(String key, String value) {
        return Attributes.of(new Attribute(key, new AttributeValue.Text(value)));
    }
}
