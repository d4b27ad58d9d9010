package dev.millrace.storage.local;

import com.github.luben.zstd.ZstdDictCompress;
import com.github.luben.zstd.ZstdDictDecompress;

/// What bodies have in common, learnt once and kept beside them.
///
/// @param id names the dictionary in every body compressed with it; never used again
/// @param windowStart start of the window it was trained in, seconds since the epoch
record Dictionary(
        int id, long windowStart, ZstdDictCompress compressing, ZstdDictDecompress decompressing) {

    static Dictionary of(int id, long windowStart, byte[] content) {
        return new Dictionary(
                id,
                windowStart,
                new ZstdDictCompress(content, BodyEncoder.LEVEL),
                new ZstdDictDecompress(content));
    }

    /// Frees what lies outside the heap.
    ///
    /// @return whether it is gone; not while an encoder or decoder holds it
    boolean free() {
        try {
            compressing.close();
            decompressing.close();
            return true;
        } catch (IllegalStateException _) {
            return false;
        }
    }
}
