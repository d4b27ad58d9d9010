package dev.millrace.storage.kafka;

import java.util.Map;

/// What an instance says to a question about some partitions.
///
/// @param given the partitions that the answer is about, and how far each has come there
/// @param lacking the others that were asked for, and why each is not in the answer
record Reply<A>(Map<Integer, Standing> given, Map<Integer, String> lacking, A answer) {

    Reply {
        given = Map.copyOf(given);
        lacking = Map.copyOf(lacking);
    }
}
