package dev.millrace.storage.local;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Makes the stored value of a body, which [BodyDecoder] reads back:
///
/// | bytes | what |
/// |---|---|
/// | 16 | trace id |
/// | 4 | CRC-32C of trace id and body, as the body was before it was folded and compressed |
/// | 1 to 5 | twice the dictionary's id, 0 for none, and 1 more when the body is folded |
/// | 1 to 5 | length of what is compressed |
/// | 1 to 5 | number of ids, if folded |
/// | 8 each | ids, if folded |
/// | the rest | a zstd frame without its magic number: the text of [BodyFold], or the body itself when it cannot be folded |
///
/// The trace id stands outside the frame so that candidates of one trace are told together without
/// decompressing any. Not safe for threads.
final class BodyEncoder implements AutoCloseable {

    static final int LEVEL = 1;

    /// Where the checksum stands, and the numbers after it.
    static final int CHECKSUM = 16;

    static final int NUMBERS = 20;

    private static final int LARGEST_KEPT = 1024 * 1024;

    private final ZstdCompressCtx plain = context();
    private final ZstdCompressCtx trained = context();
    private final BodyFold fold = new BodyFold();
    private final CRC32C checksum = new CRC32C();
    private int loaded;
    private Slice text = Slice.EMPTY;

    byte[] value = new byte[16 * 1024];
    int length;

    // The value says itself what it is, of what length and with which dictionary.
    private static ZstdCompressCtx context() {
        return new ZstdCompressCtx()
                .setLevel(LEVEL)
                .setMagicless(true)
                .setDictID(false)
                .setContentSize(false);
    }

    /// Fills [#value] up to [#length].
    void encode(TraceId traceId, Slice body, Optional<Dictionary> dictionary) {
        boolean folded = fold.fold(traceId, body);
        text = folded ? fold.text() : body;
        int idBytes = folded ? fold.idCount() * BodyFold.SPAN_ID_BYTES : 0;
        makeRoom(NUMBERS + 15 + idBytes + (int) Zstd.compressBound(text.length()));
        BodyFold.BIG_ENDIAN.set(value, 0, traceId.high());
        BodyFold.BIG_ENDIAN.set(value, 8, traceId.low());
        checksum.reset();
        checksum.update(value, 0, CHECKSUM);
        checksum.update(body.array(), body.offset(), body.length());
        putChecksum((int) checksum.getValue());
        length = NUMBERS;
        putVarint(dictionary.map(Dictionary::id).orElse(0) * 2 + (folded ? 1 : 0));
        putVarint(text.length());
        if (folded) {
            putVarint(fold.idCount());
            System.arraycopy(fold.ids(), 0, value, length, idBytes);
            length += idBytes;
        }
        length +=
                context(dictionary)
                        .compressByteArray(
                                value,
                                length,
                                value.length - length,
                                text.array(),
                                text.offset(),
                                text.length());
    }

    /// What was compressed last, for dictionaries to learn from; valid until the next body.
    Slice text() {
        return text;
    }

    private void makeRoom(int needed) {
        if (value.length < needed || (value.length > LARGEST_KEPT && needed < LARGEST_KEPT)) {
            value = new byte[Math.max(needed, 16 * 1024)];
        }
    }

    private void putChecksum(int number) {
        for (int i = 0; i < Integer.BYTES; i++) {
            value[CHECKSUM + i] = (byte) (number >>> (24 - 8 * i));
        }
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
        while ((rest & ~0x7f) != 0) {
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
