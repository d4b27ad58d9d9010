package dev.millrace.storage.kafka;

import dev.millrace.storage.kafka.Place.Here;
import dev.millrace.storage.kafka.Place.There;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.IntStream;

/// A topic that the store is built on, and who has its partitions.
///
/// @param name as Kafka knows it
/// @param placement where everything of a trace lies
record PartitionedTopic(String name, Partitions partitions, Placement placement) {

    /// So many partitions, by their numbers.
    static List<Integer> numbers(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    /// Where a partition can be asked for now, the best place first: who follows the log before
    /// those who are a little behind, and among those this instance before others.
    ///
    /// @param self this instance, as others know it
    List<Place> places(int partition, Peer self) {
        var places = new LinkedHashSet<Place>();
        var here = partitions.here(partition);
        var owners = partitions.owners(partition);
        if (here.isPresent() && here.get().active()) {
            places.add(new Here());
        }
        owners.active().filter(peer -> !peer.equals(self)).map(There::new).ifPresent(places::add);
        if (here.isPresent()) {
            places.add(new Here());
        }
        owners.standbys().stream()
                .filter(peer -> !peer.equals(self))
                .map(There::new)
                .forEach(places::add);
        return List.copyOf(places);
    }
}
