package dev.millrace.storage.api;

/// Tells one state of a stored trace from another, without the trace.
///
/// Two versions of a trace, asked of one store one after the other, differ when a fragment was
/// added to it in between. They may also differ when nothing was, such as after a fragment was
/// written again or a part of the trace has expired: a reader who finds another version than he
/// knows reads the trace again, and is at worst none the wiser. What a store makes them of is its
/// own affair, so versions of two stores have nothing to do with each other.
///
/// @param parts how many fragments there are, or how many of the documents or rows that a store
///   keeps them in
/// @param mark tells states with equally many parts apart, as far as a store can; only good to be
///   compared
public record TraceVersion(long parts, String mark) {

    /// Of a trace of which there is nothing.
    public static final TraceVersion NONE = new TraceVersion(0, "");

    public TraceVersion {
        if (parts < 0) {
            throw new IllegalArgumentException("parts: " + parts + " (expected: at least 0)");
        }
    }
}
