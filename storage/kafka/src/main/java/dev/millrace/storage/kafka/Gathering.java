package dev.millrace.storage.kafka;

import dev.millrace.storage.kafka.AskingPlan.Missing;
import java.util.List;
import java.util.Map;

/// What came back of a question.
///
/// @param parts answers that together are about all partitions but the missing ones, each of them
///   once
record Gathering<A>(List<Part<A>> parts, List<Missing> missing) {

    /// The answer of one instance.
    ///
    /// @param partitions those it is about, and how far each has come there
    record Part<A>(Map<Integer, Standing> partitions, A answer) {

        Part {
            partitions = Map.copyOf(partitions);
        }
    }

    Gathering {
        parts = List.copyOf(parts);
        missing = List.copyOf(missing);
    }
}
