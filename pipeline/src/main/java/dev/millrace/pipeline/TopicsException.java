package dev.millrace.pipeline;

import org.jspecify.annotations.Nullable;

/// The topics are not as they must be, or Kafka did not say within the time given.
public final class TopicsException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public TopicsException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
