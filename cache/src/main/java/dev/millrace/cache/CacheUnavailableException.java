package dev.millrace.cache;

/// Says that shared memory could not be asked; callers go on without it.
public final class CacheUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1;

    CacheUnavailableException(String message) {
        // No stack trace: it is thrown as often as Redis is asked while it is away.
        super(message, null, false, false);
    }
}
