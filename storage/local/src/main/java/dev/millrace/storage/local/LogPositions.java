package dev.millrace.storage.local;

import dev.millrace.storage.api.FragmentId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// What a window has seen of the log: per partition the greatest offset, and the offsets added
/// since readers were last refreshed.
///
/// An offset above the greatest is new without any look-up. The greatest is committed with the
/// index; it may be ahead of what is in the index, which only costs a look-up, never behind.
final class LogPositions {

    private static final String KEY = "position.";

    private final Map<String, Partition> partitions = new ConcurrentHashMap<>();

    /// One partition of one topic. Its lock is held from the question whether a fragment is new
    /// until the fragment is in the index.
    static final class Partition {
        final ReentrantLock lock = new ReentrantLock();
        private volatile long greatest = -1;
        private final Set<Long> recent = new HashSet<>();
        private final Set<Long> beingCommitted = new HashSet<>();

        boolean isAbove(long offset) {
            return offset > greatest;
        }

        boolean isRecent(long offset) {
            return recent.contains(offset) || beingCommitted.contains(offset);
        }

        /// Before the fragment goes into the index: a commit in between must not miss it.
        void raise(long offset) {
            greatest = Math.max(greatest, offset);
        }

        void added(long offset) {
            recent.add(offset);
        }
    }

    static LogPositions of(Map<String, String> commitData) {
        var positions = new LogPositions();
        commitData.forEach((key, offset) -> {
            if (key.startsWith(KEY)) {
                positions.partition(key).greatest = Long.parseLong(offset);
            }
        });
        return positions;
    }

    Map<String, String> commitData() {
        var data = new HashMap<String, String>();
        partitions.forEach((key, partition) -> data.put(key, Long.toString(partition.greatest)));
        return data;
    }

    Partition partition(FragmentId id) {
        return partition(KEY + id.topic() + "-" + id.partition());
    }

    private Partition partition(String key) {
        return partitions.computeIfAbsent(key, _ -> new Partition());
    }

    /// To be called before a commit: what was added until now will be seen after the refresh.
    void committing() {
        for (var partition : partitions.values()) {
            partition.lock.lock();
            try {
                partition.beingCommitted.addAll(partition.recent);
                partition.recent.clear();
            } finally {
                partition.lock.unlock();
            }
        }
    }

    /// To be called after readers were refreshed.
    void refreshed() {
        for (var partition : partitions.values()) {
            partition.lock.lock();
            try {
                partition.beingCommitted.clear();
            } finally {
                partition.lock.unlock();
            }
        }
    }
}
