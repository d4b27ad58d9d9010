package dev.millrace.analysis;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.Arrays;

/// How long things took: counts in buckets that grow with the duration, so that a percentile is
/// within 1.6 % of the true one.
///
/// Each power of two is cut into 32 buckets, as in a DDSketch with linear interpolation; only those
/// that hold something are kept. Sketches add up without loss, in any order. Not safe for threads.
public final class DurationSketch {

    private static final int BITS = 5;
    private static final int STEPS = 1 << BITS;

    private int size;
    private int[] buckets = new int[4];
    private long[] counts = new long[4];

    /// @param units how much it counts, in [Figures#UNIT]s
    void add(long nanos, long units) {
        addTo(bucket(nanos), units);
    }

    private void addTo(int bucket, long units) {
        int at = Arrays.binarySearch(buckets, 0, size, bucket);
        if (at < 0) {
            at = -at - 1;
            insert(at, bucket);
        }
        counts[at] += units;
    }

    private void insert(int at, int bucket) {
        if (size == buckets.length) {
            buckets = Arrays.copyOf(buckets, size * 2);
            counts = Arrays.copyOf(counts, size * 2);
        }
        System.arraycopy(buckets, at, buckets, at + 1, size - at);
        System.arraycopy(counts, at, counts, at + 1, size - at);
        buckets[at] = bucket;
        counts[at] = 0;
        size++;
    }

    void add(DurationSketch other) {
        for (int i = 0; i < other.size; i++) {
            addTo(other.buckets[i], other.counts[i]);
        }
    }

    /// The duration that this share of all does not exceed, nanoseconds; 0 when there are none.
    ///
    /// @param share from 0 to 1
    public long quantile(double share) {
        long total = 0;
        for (int i = 0; i < size; i++) {
            total += counts[i];
        }
        double wanted = share * total;
        long below = 0;
        for (int i = 0; i < size; i++) {
            below += counts[i];
            if (below >= wanted) {
                return middle(buckets[i]);
            }
        }
        return 0;
    }

    /// Below 32 ns each nanosecond has a bucket.
    static int bucket(long nanos) {
        long value = Math.max(0, nanos);
        if (value < STEPS) {
            return (int) value;
        }
        int shift = 63 - BITS - Long.numberOfLeadingZeros(value);
        return shift * STEPS + (int) (value >>> shift);
    }

    static long middle(int bucket) {
        if (bucket < STEPS) {
            return bucket;
        }
        int shift = bucket / STEPS - 1;
        long least = (long) (bucket % STEPS + STEPS) << shift;
        return least + (1L << shift) / 2;
    }

    /// Pairs of numbers: how far a bucket lies above the one before, and what is in it.
    void write(ProtoWriter writer, int whole, int units) {
        if (size == 0) {
            return;
        }
        boolean allWhole = true;
        for (int i = 0; i < size; i++) {
            allWhole &= counts[i] % Figures.UNIT == 0;
        }
        int length = 0;
        for (int i = 0; i < size; i++) {
            length += ProtoWriter.varintSize(step(i)) + ProtoWriter.varintSize(count(i, allWhole));
        }
        byte[] packed = new byte[length];
        int at = 0;
        for (int i = 0; i < size; i++) {
            at = putVarint(packed, at, step(i));
            at = putVarint(packed, at, count(i, allWhole));
        }
        writer.bytes(allWhole ? whole : units, Slice.of(packed));
    }

    private int step(int i) {
        return i == 0 ? buckets[0] : buckets[i] - buckets[i - 1];
    }

    private long count(int i, boolean whole) {
        return whole ? counts[i] / Figures.UNIT : counts[i];
    }

    private static int putVarint(byte[] into, int from, long value) {
        int at = from;
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            into[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        into[at++] = (byte) rest;
        return at;
    }

    void read(Slice packed, long unit) {
        var reader = ProtoReader.of(packed);
        int end = packed.offset() + packed.length();
        long bucket = 0;
        while (reader.position() < end) {
            bucket += reader.varint();
            addTo((int) Math.min(bucket, Integer.MAX_VALUE / 2), reader.varint() * unit);
        }
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof DurationSketch other
                && Arrays.equals(buckets, 0, size, other.buckets, 0, other.size)
                && Arrays.equals(counts, 0, size, other.counts, 0, other.size);
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = 0; i < size; i++) {
            hash = 31 * (31 * hash + buckets[i]) + Long.hashCode(counts[i]);
        }
        return hash;
    }

    @Override
    public String toString() {
        var text = new StringBuilder("DurationSketch[");
        for (int i = 0; i < size; i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(middle(buckets[i]))
                    .append("ns: ")
                    .append((double) counts[i] / Figures.UNIT);
        }
        return text.append(']').toString();
    }
}
