package dev.millrace.pipeline;

import dev.millrace.pipeline.TopicsConfig.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.TopicDescription;

/// How a topic that is there differs from what it must be.
///
/// @param errors what makes it unfit for use
/// @param weaknesses what only makes acknowledged records less safe than asked for
record TopicDifferences(List<String> errors, List<String> weaknesses) {

    static TopicDifferences find(
            Topic expected,
            TopicDescription description,
            Config actual,
            Map<String, String> settings) {
        var errors = new ArrayList<String>();
        var weaknesses = new ArrayList<String>();
        String name = description.name();
        int partitions = description.partitions().size();
        if (partitions != expected.partitions()) {
            errors.add(difference(name, "partitions", partitions, "" + expected.partitions()));
        }
        settings.forEach((setting, value) -> {
            var entry = actual.get(setting);
            String found = entry == null ? "" : entry.value();
            switch (setting) {
                case "max.message.bytes" -> {
                    if (number(found) < number(value)) {
                        errors.add(difference(name, setting, found, "at least " + value));
                    }
                }
                case "min.insync.replicas" -> {
                    if (number(found) < number(value)) {
                        weaknesses.add(difference(name, setting, found, "at least " + value));
                    }
                }
                default -> {
                    if (!found.equals(value)) {
                        errors.add(difference(name, setting, found, value));
                    }
                }
            }
        });
        return new TopicDifferences(errors, weaknesses);
    }

    /// The copies of the partition that has the fewest.
    static int replicas(TopicDescription description) {
        return description.partitions().stream()
                .mapToInt(partition -> partition.replicas().size())
                .min()
                .orElse(0);
    }

    static String difference(String topic, String setting, Object found, String expected) {
        return topic + ": " + setting + ": " + found + " (expected: " + expected + ")";
    }

    private static long number(String text) {
        return text.isEmpty() ? -1 : Long.parseLong(text);
    }
}
