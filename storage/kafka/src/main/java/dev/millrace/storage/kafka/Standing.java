package dev.millrace.storage.kafka;

/// How far a partition has come where it was asked for.
///
/// @param active whether it follows the log, rather than who does
/// @param behind records between it and the log's end when last looked; 0 for none, -1 when unknown
record Standing(boolean active, long behind) {

    /// Whether records may be missing that were in the log when the question came.
    boolean mayLack() {
        return !active && behind != 0;
    }
}
