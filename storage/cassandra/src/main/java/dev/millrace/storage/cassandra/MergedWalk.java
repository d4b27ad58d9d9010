package dev.millrace.storage.cassandra;

import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/// Several walks as one. Not safe for threads.
final class MergedWalk implements Walk {

    private record Step(Walk walk, Candidate candidate) {}

    private final PriorityQueue<Step> steps =
            new PriorityQueue<>(
                    Comparator.comparingLong((Step step) -> step.candidate().lastMicros())
                            .reversed());

    /// @param walks each at its beginning, and nobody else's from now on
    MergedWalk(List<? extends Walk> walks) {
        walks.forEach(this::queue);
    }

    private void queue(Walk walk) {
        var candidate = walk.candidate();
        if (candidate != null) {
            steps.add(new Step(walk, candidate));
        }
    }

    @Override
    public @Nullable Candidate candidate() {
        var step = steps.peek();
        return step == null ? null : step.candidate();
    }

    @Override
    public void advance() {
        var step = steps.poll();
        if (step != null) {
            step.walk().advance();
            queue(step.walk());
        }
    }
}
