package dev.millrace.assembly;

/// Spreads ids over hash tables: ids need not be random, and some senders count upwards.
final class SpanHash {

    private SpanHash() {}

    static int of(long id) {
        long mixed = id * 0x9e3779b97f4a7c15L;
        return (int) (mixed >>> 32);
    }
}
