package dev.millrace.pipeline;

import dev.millrace.pipeline.ledger.Posting;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/// The batches that were handed over for writing and are not settled, in the order in which they
/// were read.
///
/// They are written in any order. A partition is settled up to the end of its last batch before
/// which none of its batches is undone, so that what is committed has no gaps, and one slow write
/// holds up its own partitions only.
///
/// No Kafka, no clock, no threads.
final class BatchLine {

    private enum State {
        WRITING,
        FAILED,
        DONE
    }

    /// A batch in the line.
    static final class Place {
        private final IngestBatch batch;
        private final long bytes;

        /// By partition of ours that is not settled, where it ends.
        private final Map<TopicPartition, Long> ends;

        private final Set<TopicPartition> dropped = new HashSet<>();
        private Map<TopicPartition, List<Posting>> postings = Map.of();
        private State state = State.WRITING;

        private Place(IngestBatch batch) {
            this.batch = batch;
            this.bytes = batch.bytes();
            this.ends = new HashMap<>(batch.next());
        }

        IngestBatch batch() {
            return batch;
        }
    }

    /// Takes what is settled.
    @FunctionalInterface
    interface Settled {
        /// @param end everything of the partition before it is durable
        /// @param postings what became of it since the last time
        void upTo(TopicPartition partition, long end, List<Posting> postings);
    }

    private final Deque<Place> places = new ArrayDeque<>();
    private int writing;
    private long bytes;

    /// A batch is about to be written.
    Place enter(IngestBatch batch) {
        var place = new Place(batch);
        places.add(place);
        writing++;
        bytes += place.bytes;
        return place;
    }

    /// A batch that failed is about to be written again.
    void again(Place place) {
        place.state = State.WRITING;
        writing++;
    }

    /// A batch is durable.
    void done(Place place) {
        writing--;
        bytes -= place.bytes;
        place.state = State.DONE;
        place.postings = place.batch.postings();
        place.batch.clear();
    }

    /// A batch is not durable; what is not ours any more is left out of the next attempt.
    void failed(Place place) {
        writing--;
        place.state = State.FAILED;
        place.batch.drop(place.dropped);
        leave();
    }

    /// The first in line that is to be written again.
    Optional<Place> firstFailed() {
        return places.stream().filter(place -> place.state == State.FAILED).findFirst();
    }

    /// How many are being written.
    int writing() {
        return writing;
    }

    /// How many there are.
    int size() {
        return places.size();
    }

    /// Of what is not durable.
    long bytes() {
        return bytes;
    }

    /// Whether any of these partitions is being written.
    boolean isWriting(Collection<TopicPartition> partitions) {
        return places.stream()
                .filter(place -> place.state == State.WRITING)
                .anyMatch(place -> place.ends.keySet().stream().anyMatch(partitions::contains));
    }

    /// Hands over what has nothing undone before it, and forgets it.
    void settle(Settled into) {
        var blocked = new HashSet<TopicPartition>();
        for (var place : places) {
            if (place.state != State.DONE) {
                blocked.addAll(place.ends.keySet());
                continue;
            }
            place.ends
                    .entrySet()
                    .removeIf(end -> {
                        var partition = end.getKey();
                        if (blocked.contains(partition)) {
                            return false;
                        }
                        into.upTo(
                                partition,
                                end.getValue(),
                                place.postings.getOrDefault(partition, List.of()));
                        return true;
                    });
        }
        leave();
    }

    /// Forgets what belongs to other owners now.
    void drop(Collection<TopicPartition> partitions) {
        for (var place : places) {
            place.ends.keySet().removeAll(partitions);
            switch (place.state) {
                // Its writer has it in hands.
                case WRITING -> place.dropped.addAll(partitions);
                case FAILED -> place.batch.drop(partitions);
                case DONE -> {}
            }
        }
        leave();
    }

    private void leave() {
        places.removeIf(place -> {
            boolean over = place.ends.isEmpty() && place.state != State.WRITING;
            if (over && place.state == State.FAILED) {
                bytes -= place.bytes;
            }
            return over;
        });
    }
}
