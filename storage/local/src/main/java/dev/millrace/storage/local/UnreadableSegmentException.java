package dev.millrace.storage.local;

/// Reading a segment failed: it is damaged, or we are wrong about it.
final class UnreadableSegmentException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final transient Snapshot.Segment segment;

    UnreadableSegmentException(Snapshot.Segment segment, Throwable cause) {
        super(cause.getMessage(), cause);
        this.segment = segment;
    }

    Snapshot.Segment segment() {
        return segment;
    }
}
