package dev.millrace.agent;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What became of spans that were sent to a collector.
sealed interface Answer {

    /// It has them.
    ///
    /// @param rejectedSpans those of them that it does not want, for good
    record Taken(long rejectedSpans, String message) implements Answer {}

    /// It does not take them now, or nobody knows whether it did.
    ///
    /// @param after how long it wants to be left alone; null when it did not say
    record Later(String reason, @Nullable Duration after) implements Answer {}

    /// It has taken what this tenant may send for now, and goes on taking those of others.
    ///
    /// @param after how long the tenant should wait
    record OverRate(String reason, Duration after) implements Answer {}

    /// It failed at these spans, and may again.
    record Failed(String reason) implements Answer {}

    /// It will never take these.
    record Refused(String reason) implements Answer {}
}
