package dev.millrace.storage.local;

import dev.millrace.storage.api.FragmentId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// What a window has seen of the log: per partition the greatest place, and the places added since
/// readers were last refreshed.
///
/// A place above the greatest is new without any look-up. The greatest is committed with the index;
/// it may be ahead of what is in the index, which only costs a look-up, never behind.
final class LogPositions {

    private static final String KEY = "position.";

    private final Map<String, Partition> partitions = new ConcurrentHashMap<>();

    /// Where in its partition a fragment came from.
    record Place(long offset, int part) implements Comparable<Place> {

        private static final Place NONE = new Place(-1, 0);

        static Place of(FragmentId id) {
            return new Place(id.offset(), id.part());
        }

        /// The offset alone for the first part, which in most records is the only one.
        static Place parse(String text) {
            int dot = text.indexOf('.');
            return dot < 0
                    ? new Place(Long.parseLong(text), 0)
                    : new Place(
                            Long.parseLong(text.substring(0, dot)),
                            Integer.parseInt(text.substring(dot + 1)));
        }

        @Override
        public int compareTo(Place other) {
            int byOffset = Long.compare(offset, other.offset);
            return byOffset == 0 ? Integer.compare(part, other.part) : byOffset;
        }

        @Override
        public String toString() {
            return part == 0 ? Long.toString(offset) : offset + "." + part;
        }
    }

    /// One partition of one topic. Its lock is held from the question whether a fragment is new
    /// until the fragment is in the index.
    static final class Partition {
        final ReentrantLock lock = new ReentrantLock();
        private volatile Place greatest = Place.NONE;
        private final Set<Place> recent = new HashSet<>();
        private final Set<Place> beingCommitted = new HashSet<>();

        boolean isAbove(Place place) {
            return place.compareTo(greatest) > 0;
        }

        boolean isRecent(Place place) {
            return recent.contains(place) || beingCommitted.contains(place);
        }

        /// Before the fragment goes into the index: a commit in between must not miss it.
        void raise(Place place) {
            if (isAbove(place)) {
                greatest = place;
            }
        }

        void added(Place place) {
            recent.add(place);
        }
    }

    static LogPositions of(Map<String, String> commitData) {
        var positions = new LogPositions();
        commitData.forEach((key, place) -> {
            if (key.startsWith(KEY)) {
                positions.partition(key).greatest = Place.parse(place);
            }
        });
        return positions;
    }

    Map<String, String> commitData() {
        var data = new HashMap<String, String>();
        partitions.forEach((key, partition) -> data.put(key, partition.greatest.toString()));
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
