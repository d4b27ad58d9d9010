package dev.millrace.storage.kafka;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

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

    private final Map<Integer, Entry> byNumber = new ConcurrentHashMap<>();

    /// It is open, and nobody knows yet how much of the log is in it.
    void opened(int partition, OpenPartition open) {
        byNumber.put(partition, new Entry(open, Stage.BUILDING));
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
                partition, (_, entry) -> entry.open().equals(open) ? null : entry);
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
