package dev.millrace.load;

import dev.millrace.model.Slice;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// One sent body of a span, by what decides between copies: the later end, then the larger body.
///
/// Of copies that end at once and are as large, the bytes decide, which are not kept here; either
/// passes for the winner then. No workload makes such copies.
///
/// @param size of the body as far as it is compared: for OTLP the span encoded alone, with its
///   resource and scope
/// @param digestHigh the first half of the first 16 bytes of SHA-256 over those bytes
/// @param digestLow their second half
record SpanCopy(long endNanos, int size, long digestHigh, long digestLow) {

    static SpanCopy of(long endNanos, Slice body) {
        var digest = ByteBuffer.wrap(sha256(body));
        return new SpanCopy(endNanos, body.length(), digest.getLong(), digest.getLong());
    }

    /// Whether the duplicate rule, as far as it is known here, prefers this one.
    boolean beats(SpanCopy other) {
        int byEnd = Long.compareUnsigned(endNanos, other.endNanos);
        return byEnd == 0 ? size > other.size : byEnd > 0;
    }

    private static byte[] sha256(Slice body) {
        try {
            var sha = MessageDigest.getInstance("SHA-256");
            sha.update(body.array(), body.offset(), body.length());
            return sha.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
