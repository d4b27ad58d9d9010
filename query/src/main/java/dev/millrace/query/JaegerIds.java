package dev.millrace.query;

import dev.millrace.model.TraceId;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Optional;

/// How Jaeger's clients write the id of a trace.
final class JaegerIds {

    private JaegerIds() {}

    /// Hexadecimal, or 16 bytes in Base64 of either alphabet.
    static TraceId traceId(String name, String text) {
        try {
            return text.length() == 22 || text.length() == 24
                    ? base64(text).orElseGet(() -> TraceId.parse(text))
                    : TraceId.parse(text);
        } catch (IllegalArgumentException _) {
            throw QueryException.invalid(
                    name, text, "1 to 32 hexadecimal digits, or Base64 of 16 bytes, not all zero");
        }
    }

    // Hexadecimal digits are Base64 too, and are meant as what they look like.
    private static Optional<TraceId> base64(String text) {
        if (text.chars().allMatch(digit -> Character.digit(digit, 16) >= 0)) {
            return Optional.empty();
        }
        var bytes = Base64.getUrlDecoder().decode(text.replace('+', '-').replace('/', '_'));
        if (bytes.length != 16) {
            return Optional.empty();
        }
        var buffer = ByteBuffer.wrap(bytes);
        return Optional.of(new TraceId(buffer.getLong(), buffer.getLong()));
    }
}
