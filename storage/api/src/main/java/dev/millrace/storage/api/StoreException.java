package dev.millrace.storage.api;

/// A store could not do what it was asked; the kind says what the caller should do about it.
public final class StoreException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /// Why a store failed. Status codes, retries and metrics follow from this alone.
    public enum Kind {
        /// The request makes no sense; asking again will not help.
        INVALID_REQUEST,
        /// This store cannot do that; another might.
        NOT_SUPPORTED,
        /// More than can be held at once; asking for it in pieces helps, asking again does not.
        TOO_LARGE,
        /// Too much at once; ask again later.
        OVER_CAPACITY,
        /// Out of reach or too slow; ask again later.
        UNAVAILABLE,
        /// What is kept cannot be read.
        CORRUPT,
        /// A mistake of ours.
        BUG
    }

    private final Kind kind;

    public StoreException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public StoreException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
