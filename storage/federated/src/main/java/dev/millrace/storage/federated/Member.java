package dev.millrace.storage.federated;

import dev.millrace.storage.api.TraceStore;

/// One store of several that are read as one.
///
/// @param name what errors and gaps call it
/// @param store stays its opener's to close
public record Member(String name, TraceStore store) {

    public Member {
        if (name.isBlank()) {
            throw new IllegalArgumentException(
                    "name: \"" + name + "\" (expected: what to call the store)");
        }
    }
}
