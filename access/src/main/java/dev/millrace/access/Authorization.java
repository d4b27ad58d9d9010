package dev.millrace.access;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.RequestHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;

/// What a request shows in its `Authorization` header.
///
/// Its texts never tell the secret: the records that hold one print without it.
sealed interface Authorization {

    record None() implements Authorization {}

    /// A scheme that is not known, or not what its scheme says.
    record Unreadable() implements Authorization {}

    record Bearer(String token) implements Authorization {
        @Override
        public String toString() {
            return "Bearer";
        }
    }

    record Basic(String user, String password) implements Authorization {
        @Override
        public String toString() {
            return "Basic";
        }
    }

    static Authorization of(RequestHeaders headers) {
        var values = headers.getAll(HttpHeaderNames.AUTHORIZATION);
        if (values.isEmpty()) {
            return new None();
        }
        // Which of two would count is nobody's to guess.
        return values.size() == 1 ? parse(values.getFirst()) : new Unreadable();
    }

    private static Authorization parse(String value) {
        int space = value.indexOf(' ');
        if (space < 0) {
            return new Unreadable();
        }
        var shown = value.substring(space + 1).strip();
        return switch (value.substring(0, space).toLowerCase(Locale.ROOT)) {
            case "bearer" -> shown.isEmpty() ? new Unreadable() : new Bearer(shown);
            case "basic" -> basic(shown);
            default -> new Unreadable();
        };
    }

    private static Authorization basic(String shown) {
        String text;
        try {
            text = new String(Base64.getDecoder().decode(shown), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException _) {
            return new Unreadable();
        }
        int colon = text.indexOf(':');
        return colon < 1 || colon == text.length() - 1
                ? new Unreadable()
                : new Basic(text.substring(0, colon), text.substring(colon + 1));
    }
}
