package dev.millrace.storage.elasticsearch;

import java.util.List;

/// What a rollover of the indices of all tenants came to.
///
/// @param begun names of new indices
/// @param failures what went wrong with others
public record RolledOver(List<String> begun, List<String> failures) {

    public RolledOver {
        begun = List.copyOf(begun);
        failures = List.copyOf(failures);
    }
}
