package dev.millrace.load;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What a receiver said to one attempt at a request.
sealed interface Answer {

    /// Taken in, but for so many spans.
    record Accepted(long rejectedSpans) implements Answer {}

    /// Refused for good.
    record Refused(String reason) implements Answer {}

    /// To be sent again, not before `hint` has passed if there is one.
    record Again(String reason, @Nullable Duration hint) implements Answer {}
}
