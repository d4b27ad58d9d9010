package dev.millrace.load.traffic;

import java.util.SplittableRandom;

/// Dice and ids from a seed and a number, unrelated for neighbouring numbers.
final class Chance {

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private Chance() {}

    // The number is mixed in because SplittableRandom itself walks in steps of the golden ratio:
    // seeds such steps apart would give the same dice, one throw later.
    static SplittableRandom dice(long seed, long number) {
        return new SplittableRandom(mix(mix(seed) + number * GOLDEN));
    }

    static long mix(long seed, long number) {
        return mix(seed + number * GOLDEN);
    }

    // The finishing steps of SplitMix64.
    static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
