package dev.millrace.agent.spool;

import dev.millrace.model.ByteSize;
import java.time.Duration;

/// How much a spool holds, and for how long.
///
/// @param bytes of all its files together; the oldest parcels make room for new ones
/// @param age of a parcel, after which it is dropped
public record SpoolLimits(ByteSize bytes, Duration age) {

    private static final ByteSize LEAST = ByteSize.parse("1MiB");
    private static final long MOST_SEGMENT = 16 << 20;
    private static final long SEGMENTS = 8;

    public SpoolLimits {
        if (bytes.bytes() < LEAST.bytes()) {
            throw new IllegalArgumentException(
                    "max-size: " + bytes + " (expected: at least " + LEAST + ")");
        }
        if (!age.isPositive()) {
            throw new IllegalArgumentException("max-age: " + age + " (expected: more than 0)");
        }
    }

    /// The size at which a segment is closed: what is dropped for want of room is dropped in such
    /// pieces.
    long segmentBytes() {
        return Math.min(MOST_SEGMENT, bytes.bytes() / SEGMENTS);
    }
}
