package dev.millrace.storage.cassandra;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Slice;

/// FNV-1a of 64 bits: the same for the same bytes in every process and version, so that what is
/// written again meets what was written before.
final class Hash64 {

    private static final long OFFSET = 0xcbf29ce484222325L;
    private static final long PRIME = 0x100000001b3L;

    private Hash64() {}

    static long of(Slice bytes) {
        byte[] array = bytes.array();
        long hash = OFFSET;
        for (int i = bytes.offset(); i < bytes.offset() + bytes.length(); i++) {
            hash = (hash ^ (array[i] & 0xff)) * PRIME;
        }
        return hash;
    }

    static long of(String text) {
        return of(Slice.of(text.getBytes(UTF_8)));
    }
}
