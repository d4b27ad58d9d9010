package dev.millrace.storage.kafka;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.RequestHeaders;
import java.security.MessageDigest;

/// What the instances of a store know and nobody else does; shown as a bearer token.
///
/// @param text 1 to 1,024 visible characters of ASCII
public record SharedSecret(String text) {

    private static final String SCHEME = "Bearer ";

    public SharedSecret {
        if (!text.matches("[\\x21-\\x7e]{1,1024}")) {
            // What was given is not repeated.
            throw new IllegalArgumentException(
                    "secret: "
                            + text.length()
                            + " characters (expected: 1 to 1,024 of ASCII, none of them a space)");
        }
    }

    /// The value of the header that shows it.
    String authorization() {
        return SCHEME + text;
    }

    /// Whether a request shows it; takes as long whatever it shows.
    boolean isShownBy(RequestHeaders headers) {
        var shown = headers.get(HttpHeaderNames.AUTHORIZATION, "");
        return MessageDigest.isEqual(authorization().getBytes(US_ASCII), shown.getBytes(US_ASCII));
    }

    @Override
    public String toString() {
        return "SharedSecret";
    }
}
