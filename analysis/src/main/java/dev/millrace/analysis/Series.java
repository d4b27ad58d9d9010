package dev.millrace.analysis;

/// What figures are about.
public sealed interface Series permits Dependency, Operation {

    /// Stands for all that there was no more room for.
    String OTHER = "other";
}
