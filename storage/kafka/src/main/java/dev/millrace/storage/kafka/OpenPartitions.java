package dev.millrace.storage.kafka;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// What is open here of the partitions of one topic, active or standby. They come and go with
/// rebalances. Safe for threads.
final class OpenPartitions {

    private final Map<Integer, OpenPartition> byNumber = new ConcurrentHashMap<>();

    void opened(int partition, OpenPartition open) {
        byNumber.put(partition, open);
    }

    /// Forgets it, unless another has taken its place.
    void closed(int partition, OpenPartition open) {
        byNumber.remove(partition, open);
    }

    Optional<OpenPartition> find(int partition) {
        return Optional.ofNullable(byNumber.get(partition));
    }

    List<OpenPartition> all() {
        return List.copyOf(byNumber.values());
    }

    /// By their numbers, in that order.
    Map<Integer, OpenPartition> numbered() {
        return new TreeMap<>(byNumber);
    }

    /// The share of one partition in what is for all of them.
    long share(long whole) {
        return whole / Math.max(1, byNumber.size());
    }
}
