package dev.millrace.sampling.tail;

/// What is known of a complete trace as a whole.
///
/// @param operation what kind of trace it is
/// @param spans how many, duplicates left out
/// @param errors how many of them failed
/// @param durationNanos from the earliest start to the latest end
public record TraceFacts(RootOperation operation, int spans, int errors, long durationNanos) {}
