package dev.millrace.load;

/// What became of a request, as far as its sender knows.
enum Fate {
    /// Sent, and no final answer: its spans may be stored or not.
    UNKNOWN,
    /// Every span was acknowledged.
    ACKNOWLEDGED,
    /// Every span was refused.
    REJECTED
}
