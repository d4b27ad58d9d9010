package dev.millrace.storage.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/// What is open here of the partitions of one topic, active or standby. They come and go with
/// rebalances. Safe for threads.
final class OpenPartitions {

    /// How a partition came to what is in it.
    enum Stage {
        /// It is being read from the log, and lacks what others may have had for long.
        BUILDING,
        /// It has had all that the group had when it was opened, and follows at a short distance.
        COPY,
        /// Records are handed to it as they come.
        FOLLOWED
    }

    private record Entry(OpenPartition open, Stage stage) {}

    /// One that was closed when it was not being built.
    ///
    /// @param next how far it was
    private record Left(long next, long atNanos) {}

    /// For so long one that is opened again is as good as it was: it lacks no more than a copy may.
    private static final Duration AS_GOOD = Duration.ofSeconds(10);

    private final Map<Integer, Entry> byNumber = new ConcurrentHashMap<>();
    private final Map<Integer, Left> left = new ConcurrentHashMap<>();
    private final LongSupplier nanoTime;

    OpenPartitions() {
        this(System::nanoTime);
    }

    OpenPartitions(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /// It is open, and nobody knows yet how much of the log is in it, unless it was closed just
    /// now, as it is when Kafka Streams makes a copy of what it followed.
    void opened(int partition, OpenPartition open) {
        var before = left.remove(partition);
        boolean asGood =
                before != null
                        && open.next() >= before.next()
                        && nanoTime.getAsLong() - before.atNanos() <= AS_GOOD.toNanos();
        byNumber.put(partition, new Entry(open, asGood ? Stage.COPY : Stage.BUILDING));
    }

    /// Takes note of how it is, unless another has taken its place.
    void reached(int partition, OpenPartition open, Stage stage) {
        byNumber.computeIfPresent(
                partition,
                (_, entry) -> entry.open().equals(open) ? new Entry(open, stage) : entry);
    }

    /// Takes note that one that was being built has what it lacked.
    void caughtUp(int partition, OpenPartition open) {
        byNumber.computeIfPresent(
                partition,
                (_, entry) ->
                        entry.open().equals(open) && entry.stage() == Stage.BUILDING
                                ? new Entry(open, Stage.COPY)
                                : entry);
    }

    /// Forgets it, unless another has taken its place.
    void closed(int partition, OpenPartition open) {
        byNumber.computeIfPresent(
                partition,
                (_, entry) -> {
                    if (!entry.open().equals(open)) {
                        return entry;
                    }
                    if (entry.stage() != Stage.BUILDING) {
                        left.put(partition, new Left(open.next(), nanoTime.getAsLong()));
                    }
                    return null;
                });
    }

    Optional<OpenPartition> find(int partition) {
        return Optional.ofNullable(byNumber.get(partition)).map(Entry::open);
    }

    /// How a partition is; empty when it is not here.
    Optional<Stage> stage(int partition) {
        return Optional.ofNullable(byNumber.get(partition)).map(Entry::stage);
    }

    List<OpenPartition> all() {
        return byNumber.values().stream().map(Entry::open).toList();
    }

    /// By their numbers, in that order.
    Map<Integer, OpenPartition> numbered() {
        var numbered = new TreeMap<Integer, OpenPartition>();
        byNumber.forEach((partition, entry) -> numbered.put(partition, entry.open()));
        return numbered;
    }

    /// Those that are still being built, by their numbers.
    Map<Integer, OpenPartition> building() {
        var building = numbered();
        building.keySet()
                .removeIf(partition -> !stage(partition).equals(Optional.of(Stage.BUILDING)));
        return building;
    }

    /// The share of one partition in what is for all of them.
    long share(long whole) {
        return whole / Math.max(1, byNumber.size());
    }
}
