package dev.millrace.storage.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The partitions of one topic as instances hold them: which of them are here, and who has the
/// others.
///
/// Safe for threads. What it says may change at any moment, in a rebalance.
interface Partitions {

    /// How many there are; 0 as long as nobody knows.
    int count();

    /// Who has a partition.
    Owners owners(int partition);

    /// What is here of a partition, be it active or a standby; empty when nothing is.
    Optional<Held> here(int partition);

    /// How long a partition that nobody has may take to come to somebody, in a rebalance.
    default Duration handover() {
        return Duration.ZERO;
    }

    /// @param active who follows the log; empty while the partition is being handed over
    /// @param standbys who has copies that are a little behind
    record Owners(Optional<Peer> active, List<Peer> standbys) {

        public Owners {
            standbys = List.copyOf(standbys);
        }
    }

    /// What an instance has of a partition.
    ///
    /// @param contents of this partition only
    /// @param behind records between it and the log's end when last looked; 0 for none, -1 when
    ///   unknown
    record Held(Contents contents, boolean active, long behind) {}
}
