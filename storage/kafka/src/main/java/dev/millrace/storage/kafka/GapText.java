package dev.millrace.storage.kafka;

import dev.millrace.storage.kafka.AskingPlan.Missing;
import dev.millrace.storage.kafka.Gathering.Part;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What an answer lacks, in words.
final class GapText {

    private GapText() {}

    /// Names partitions that nobody answers for, those together that have the same reason.
    static String missing(String topic, List<Missing> missing) {
        var byReason = new LinkedHashMap<List<String>, TreeSet<Integer>>();
        for (var each : missing) {
            byReason.computeIfAbsent(each.failures(), _ -> new TreeSet<>()).add(each.partition());
        }
        return byReason.entrySet().stream()
                .map(entry -> missing(topic, entry.getKey(), entry.getValue()))
                .collect(Collectors.joining("; "));
    }

    private static String missing(
            String topic, List<String> failures, Collection<Integer> partitions) {
        boolean one = partitions.size() == 1;
        return failures.isEmpty()
                ? named(topic, partitions)
                        + (one ? " is" : " are")
                        + " with nobody at the moment; "
                        + (one ? "it is" : "they are")
                        + " being handed over, ask again in a moment"
                : named(topic, partitions) + ": no answer (" + String.join("; ", failures) + ")";
    }

    /// Says of which partitions the last records may be missing; empty when none can be.
    static Optional<String> behind(String topic, List<? extends Part<?>> parts) {
        var standings = new TreeMap<Integer, Standing>();
        for (var part : parts) {
            part.partitions()
                    .forEach((partition, standing) -> {
                        if (standing.mayLack()) {
                            standings.put(partition, standing);
                        }
                    });
        }
        if (standings.isEmpty()) {
            return Optional.empty();
        }
        boolean known = standings.values().stream().allMatch(each -> each.behind() > 0);
        long most = standings.values().stream().mapToLong(Standing::behind).max().orElse(0);
        return Optional.of(
                named(topic, standings.keySet())
                        + ": answered by a standby, "
                        + (known
                                ? (standings.size() == 1 ? "" : "at most ")
                                        + most
                                        + " records behind"
                                : "nobody knows how far behind"));
    }

    private static String named(String topic, Collection<Integer> partitions) {
        return (partitions.size() == 1 ? "partition " : "partitions ")
                + partitions.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + " of "
                + topic;
    }
}
