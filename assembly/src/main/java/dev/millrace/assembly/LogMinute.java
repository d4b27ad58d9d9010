package dev.millrace.assembly;

/// How many spans of a trace came into the log within one minute.
///
/// @param minute of the log's time, in minutes since the epoch
/// @param spans duplicates left out
/// @param duplicates the copies left out
public record LogMinute(long minute, int spans, int duplicates) {

    /// All of them, duplicates too.
    public int copies() {
        return spans + duplicates;
    }
}
