package dev.millrace.traceql;

import java.util.List;

/// Stages, each working on what the one before it selected.
///
/// @param stages at least one
public record Pipeline(List<Stage> stages) {

    public Pipeline {
        stages = List.copyOf(stages);
    }
}
