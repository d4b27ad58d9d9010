package dev.millrace.storage.federated;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.util.Optional;

/// Where a piece of a trace begins: a member by its number, and a place in what it has.
///
/// @param from empty for the member's first piece
record MemberPlace(int member, Optional<String> from) {

    static final MemberPlace FIRST = new MemberPlace(0, Optional.empty());

    /// @throws StoreException when it is no [#text()]
    static MemberPlace parse(String text) {
        int colon = text.indexOf(':');
        try {
            return new MemberPlace(
                    Integer.parseInt(text.substring(0, Math.max(0, colon))),
                    Optional.of(text.substring(colon + 1)).filter(from -> !from.isEmpty()));
        } catch (NumberFormatException e) {
            throw new StoreException(
                    Kind.INVALID_REQUEST,
                    "piece from \"" + text + "\" (expected: where an earlier piece said)",
                    e);
        }
    }

    String text() {
        return member + ":" + from.orElse("");
    }
}
