package dev.millrace.cache;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/// Small texts that processes share for a while, and the lead that one of them holds.
///
/// Every answer comes within a bounded time or fails with [CacheUnavailableException]; no call
/// blocks.
public interface SharedState {

    /// Sets what this process says under a name, replacing what it said before.
    CompletionStage<Void> contribute(String name, String text, Duration remembered);

    /// What all processes said under a name and is still remembered, in no order.
    CompletionStage<List<String>> contributions(String name);

    /// Sets the one text of a name.
    CompletionStage<Void> put(String name, String text, Duration remembered);

    CompletionStage<Optional<String>> get(String name);

    /// Whether this process leads from now on for the time given: nobody else does, or it did
    /// already.
    CompletionStage<Boolean> lead(String name, Duration lease);
}
