package dev.millrace.verification;

import java.time.Duration;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// What a link does to the bytes that go over it.
///
/// TCP makes up for packets that are lost, so loss shows in two ways above it: nothing comes for a
/// while, or the connection breaks.
///
/// @param bytesPerSecond in each direction, over all connections; 0 for as many as it takes
/// @param stallEvery on average every how many pieces one is held up; 0 for none
/// @param longestStall the longest time that a piece is held up
/// @param resetEvery on average every how many pieces the connection breaks instead; 0 for never
record LinkQuality(long bytesPerSecond, int stallEvery, Duration longestStall, int resetEvery) {

    /// Nothing is done to them.
    static final LinkQuality GOOD = new LinkQuality(0, 0, Duration.ZERO, 0);

    LinkQuality {
        if (bytesPerSecond < 0 || stallEvery < 0 || longestStall.isNegative() || resetEvery < 0) {
            throw new IllegalArgumentException(
                    "link: %d, %d, %s, %d (expected: none below 0)"
                            .formatted(bytesPerSecond, stallEvery, longestStall, resetEvery));
        }
    }

    /// As many bytes as this and no more.
    static LinkQuality of(long bytesPerSecond) {
        return new LinkQuality(bytesPerSecond, 0, Duration.ZERO, 0);
    }

    /// The same with loss.
    LinkQuality losing(int everyPieceStalls, Duration longest, int everyPieceResets) {
        return new LinkQuality(bytesPerSecond, everyPieceStalls, longest, everyPieceResets);
    }

    /// How long the next piece is held up, or null when the connection breaks instead.
    @Nullable Duration next(SplittableRandom random) {
        if (resetEvery > 0 && random.nextInt(resetEvery) == 0) {
            return null;
        }
        boolean stalls = stallEvery > 0 && random.nextInt(stallEvery) == 0;
        return stalls
                ? Duration.ofNanos(random.nextLong(1 + longestStall.toNanos()))
                : Duration.ZERO;
    }

    /// One direction of a link, which takes one byte after the other.
    ///
    /// Times are of a clock that only counts time that has passed. Not safe for threads.
    static final class Lane {

        private static final double NANOS = 1e9;

        private long freeAt;

        /// @param now the time
        Lane(long now) {
            freeAt = now;
        }

        /// Takes a piece, and says how many nanoseconds from now its last byte will have passed.
        long take(int bytes, long bytesPerSecond, long now) {
            long start = freeAt - now > 0 ? freeAt : now;
            long takes = bytesPerSecond == 0 ? 0 : (long) (bytes * NANOS / bytesPerSecond);
            freeAt = start + takes;
            return freeAt - now;
        }
    }
}
