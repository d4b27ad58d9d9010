package dev.millrace.storage.local;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Optional;

/// Makes the stored value of a body: trace id (16 bytes), dictionary id (0 for none) and length of
/// the body as variable-length numbers, then a zstd frame. [BodyDecoder] reads it back.
///
/// The trace id stands outside the frame so that candidates of one trace are told together without
/// decompressing any. Not safe for threads.
final class BodyEncoder implements AutoCloseable {

    static final int LEVEL = 1;

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final int LARGEST_KEPT = 1024 * 1024;

    private final ZstdCompressCtx plain = context();
    private final ZstdCompressCtx trained = context();
    private int loaded;

    byte[] value = new byte[16 * 1024];
    int length;

    // The value carries the dictionary's id and the length itself.
    private static ZstdCompressCtx context() {
        return new ZstdCompressCtx().setLevel(LEVEL).setDictID(false).setContentSize(false);
    }

    /// Fills [#value] up to [#length].
    void encode(TraceId traceId, Slice body, Optional<Dictionary> dictionary) {
        int needed = 26 + (int) Zstd.compressBound(body.length());
        if (value.length < needed || (value.length > LARGEST_KEPT && needed < LARGEST_KEPT)) {
            value = new byte[Math.max(needed, 16 * 1024)];
        }
        LONG.set(value, 0, traceId.high());
        LONG.set(value, 8, traceId.low());
        length = 16;
        putVarint(dictionary.map(Dictionary::id).orElse(0));
        putVarint(body.length());
        length +=
                context(dictionary)
                        .compressByteArray(
                                value,
                                length,
                                value.length - length,
                                body.array(),
                                body.offset(),
                                body.length());
    }

    private ZstdCompressCtx context(Optional<Dictionary> dictionary) {
        if (dictionary.isEmpty()) {
            return plain;
        }
        if (dictionary.get().id() != loaded) {
            trained.loadDict(dictionary.get().compressing());
            loaded = dictionary.get().id();
        }
        return trained;
    }

    private void putVarint(int number) {
        int rest = number;
        while (rest > 0x7f) {
            value[length++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        value[length++] = (byte) rest;
    }

    @Override
    public void close() {
        plain.close();
        trained.close();
    }
}
