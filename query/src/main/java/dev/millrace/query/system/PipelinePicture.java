package dev.millrace.query.system;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The pipeline at one moment, as far as it can be seen.
///
/// @param mode `streaming`, or `direct` where there are neither topics nor groups
/// @param processes this one first
/// @param gaps what could not be found out, in words
public record PipelinePicture(
        Instant time,
        String mode,
        List<ProcessState> processes,
        List<TopicState> topics,
        List<GroupState> groups,
        List<String> gaps) {

    public PipelinePicture {
        processes = List.copyOf(processes);
        topics = List.copyOf(topics);
        groups = List.copyOf(groups);
        gaps = List.copyOf(gaps);
    }

    /// A process and what it counts.
    ///
    /// @param name where its figures come from; `this process` for the one that was asked
    /// @param problem why its figures are not known; empty when they are
    /// @param troubles what is wrong with its parts, by part, where it says so
    public record ProcessState(
            String name,
            Optional<String> problem,
            Map<String, String> troubles,
            List<Figure> figures) {

        public ProcessState {
            troubles = Map.copyOf(troubles);
            figures = List.copyOf(figures);
        }
    }

    /// One figure, under the name that Prometheus reads it by.
    public record Figure(String name, Map<String, String> labels, double value) {

        public Figure {
            labels = Map.copyOf(labels);
        }
    }

    /// A topic and what is in it.
    ///
    /// @param what is in it, such as `spans`
    /// @param name in full
    /// @param offsets from its first record to its end, with the marks of transactions
    /// @param perSecond offsets taken in the last minute
    public record TopicState(
            String what, String name, int partitions, long offsets, double perSecond) {}

    /// How far the readers of a topic have come in it.
    ///
    /// @param role of the readers
    /// @param state such as `stable`; `absent` where nobody has ever read
    /// @param members how many readers there are
    public record GroupState(
            String role,
            String group,
            String topic,
            String state,
            int members,
            List<PartitionLag> partitions) {

        public GroupState {
            partitions = List.copyOf(partitions);
        }
    }

    /// How far a group is behind in one partition.
    ///
    /// @param age of the first record it has not handled; zero when there is none
    public record PartitionLag(int partition, long records, Duration age) {}
}
