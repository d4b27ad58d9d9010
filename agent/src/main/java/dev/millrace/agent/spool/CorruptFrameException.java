package dev.millrace.agent.spool;

/// What lies in a segment is no frame.
final class CorruptFrameException extends Exception {

    private static final long serialVersionUID = 1;

    private final boolean torn;

    /// @param torn whether it looks like a frame that was not written to its end, which was never
    ///   acknowledged
    CorruptFrameException(String message, boolean torn) {
        super(message, null, false, false);
        this.torn = torn;
    }

    boolean torn() {
        return torn;
    }
}
