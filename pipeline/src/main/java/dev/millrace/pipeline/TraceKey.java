package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.millrace.model.TraceId;
import dev.millrace.wire.zipkin.ZipkinSpan;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/// A trace id as the key of a record: its 32 lower-case hexadecimal digits.
public final class TraceKey {

    static final int LENGTH = 32;

    /// The two digits of every byte, high digit first.
    private static final byte[] DIGITS = new byte[512];

    static {
        byte[] hex = "0123456789abcdef".getBytes(ISO_8859_1);
        for (int i = 0; i < 256; i++) {
            DIGITS[2 * i] = hex[i >>> 4];
            DIGITS[2 * i + 1] = hex[i & 15];
        }
    }

    /// The two digits of every byte as they stand in a number read from its low end.
    private static final int[] PAIRS = new int[256];

    static {
        for (int i = 0; i < 256; i++) {
            PAIRS[i] = DIGITS[2 * i] | (DIGITS[2 * i + 1] << 8);
        }
    }

    private static final int MURMUR_SEED = 0x9747b28c;
    private static final int MURMUR_FACTOR = 0x5bd1e995;

    private TraceKey() {}

    public static byte[] of(TraceId traceId) {
        var key = new byte[LENGTH];
        put(traceId.high(), key, 0);
        put(traceId.low(), key, 16);
        return key;
    }

    /// A trace id as Zipkin writes it, and so as zipkin-storage-kafka keys records by it: 16 digits
    /// when those before are zero.
    static byte[] zipkin(TraceId traceId) {
        return ZipkinSpan.text(traceId).getBytes(ISO_8859_1);
    }

    private static void put(long value, byte[] key, int offset) {
        int at = offset;
        for (int shift = 56; shift >= 0; shift -= 8) {
            int pair = (int) (value >>> shift & 0xff) << 1;
            key[at++] = DIGITS[pair];
            key[at++] = DIGITS[pair + 1];
        }
    }

    /// The trace id that a key names; null when the key is anything but 32 hexadecimal digits, or
    /// all of them are zero.
    static @Nullable TraceId parse(byte @Nullable [] key) {
        if (key == null || key.length != LENGTH) {
            return null;
        }
        long high = 0;
        long low = 0;
        for (int i = 0; i < LENGTH; i++) {
            int digit = Character.digit(key[i], 16);
            if (digit < 0) {
                return null;
            }
            if (i < 16) {
                high = high << 4 | digit;
            } else {
                low = low << 4 | digit;
            }
        }
        return high == 0 && low == 0 ? null : new TraceId(high, low);
    }

    /// Where Kafka's Java clients put records with this key when nothing else is said.
    static int partition(byte[] key, int partitions) {
        return Utils.toPositive(Utils.murmur2(key)) % partitions;
    }

    /// The same for the key of a trace id, without making the key.
    public static int partition(long high, long low, int partitions) {
        int hash = mixed(mixed(MURMUR_SEED ^ LENGTH, high), low);
        hash ^= hash >>> 13;
        hash *= MURMUR_FACTOR;
        hash ^= hash >>> 15;
        return Utils.toPositive(hash) % partitions;
    }

    private static int mixed(int before, long eightBytes) {
        int hash = before;
        for (int shift = 48; shift >= 0; shift -= 16) {
            int first = PAIRS[(int) (eightBytes >>> (shift + 8)) & 0xff];
            int second = PAIRS[(int) (eightBytes >>> shift) & 0xff];
            int k = first | (second << 16);
            k *= MURMUR_FACTOR;
            k ^= k >>> 24;
            k *= MURMUR_FACTOR;
            hash = (hash * MURMUR_FACTOR) ^ k;
        }
        return hash;
    }
}
