package dev.millrace.storage.local;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.apache.lucene.util.BytesRef;

/// Reads the values that [BodyEncoder] makes, and never gives out other bytes than were put in. Not
/// safe for threads.
final class BodyDecoder implements AutoCloseable {

    // A little more than a body, for the lengths before it.
    private static final int MAX_TEXT_BYTES = LocalTraceStore.MAX_BODY_BYTES + 16;

    private final Dictionaries dictionaries;
    private final ZstdDecompressCtx plain = new ZstdDecompressCtx().setMagicless(true);
    private final ZstdDecompressCtx trained = new ZstdDecompressCtx().setMagicless(true);
    private final CRC32C checksum = new CRC32C();
    private int loaded;

    BodyDecoder(Dictionaries dictionaries) {
        this.dictionaries = dictionaries;
    }

    static TraceId traceId(BytesRef value) {
        var buffer = ByteBuffer.wrap(value.bytes, value.offset, value.length);
        return new TraceId(buffer.getLong(), buffer.getLong());
    }

    /// @throws StoreException of kind CORRUPT when the value cannot be read
    /// @throws LostDictionaryException when what it needs is not there
    Slice decode(BytesRef value) {
        try {
            var traceId = traceId(value);
            var body = body(traceId, value);
            checksum.reset();
            checksum.update(value.bytes, value.offset, BodyEncoder.CHECKSUM);
            checksum.update(body.array(), body.offset(), body.length());
            int expected = ByteBuffer.wrap(value.bytes).getInt(value.offset + BodyEncoder.CHECKSUM);
            if ((int) checksum.getValue() != expected) {
                throw corrupt("its checksum differs");
            }
            return body;
        } catch (ZstdException
                | IndexOutOfBoundsException
                | java.nio.BufferUnderflowException
                | IllegalArgumentException
                | ArithmeticException e) {
            throw new StoreException(StoreException.Kind.CORRUPT, "a body cannot be read: " + e, e);
        }
    }

    private Slice body(TraceId traceId, BytesRef value) {
        var numbers = new Numbers(value);
        int dictionary = numbers.next();
        boolean folded = (dictionary & 1) != 0;
        int length = numbers.next();
        if (length < 0 || length > MAX_TEXT_BYTES) {
            throw corrupt("a length of " + length);
        }
        int idBytes = folded ? Math.multiplyExact(numbers.next(), BodyFold.SPAN_ID_BYTES) : 0;
        int frame = Math.addExact(numbers.at, idBytes);
        if (idBytes < 0 || frame > numbers.end) {
            throw corrupt("ids of " + idBytes + " bytes");
        }
        byte[] text = new byte[length];
        int size =
                context(dictionary >>> 1)
                        .decompressByteArray(
                                text, 0, length, value.bytes, frame, numbers.end - frame);
        if (size != length) {
            throw corrupt(size + " bytes (expected: " + length + ")");
        }
        return folded ? BodyUnfold.unfold(traceId, text, value.bytes, numbers.at) : Slice.of(text);
    }

    /// The numbers behind the checksum, one after the other.
    private static final class Numbers {
        private final byte[] bytes;
        private final int end;
        private int at;

        Numbers(BytesRef value) {
            bytes = value.bytes;
            at = value.offset + BodyEncoder.NUMBERS;
            end = value.offset + value.length;
        }

        int next() {
            int number = 0;
            for (int shift = 0; shift <= 28 && at < end; shift += 7) {
                byte b = bytes[at++];
                number |= (b & 0x7f) << shift;
                if (b >= 0) {
                    return number;
                }
            }
            throw corrupt("its header does not end");
        }
    }

    private ZstdDecompressCtx context(int dictionary) {
        if (dictionary == 0) {
            return plain;
        }
        if (dictionary != loaded) {
            trained.loadDict(
                    dictionaries
                            .find(dictionary)
                            .orElseThrow(() -> lost(dictionary))
                            .decompressing());
            loaded = dictionary;
        }
        return trained;
    }

    private RuntimeException lost(int dictionary) {
        return dictionaries.hasHad(dictionary)
                ? new LostDictionaryException(dictionary)
                : corrupt("dictionary " + dictionary + " never was");
    }

    /// The body may be sound; what it was compressed with is not there.
    static final class LostDictionaryException extends RuntimeException {

        private static final long serialVersionUID = 1;

        LostDictionaryException(int dictionary) {
            super("dictionary " + dictionary + " is missing");
        }
    }

    private static StoreException corrupt(String what) {
        return new StoreException(StoreException.Kind.CORRUPT, "a body cannot be read: " + what);
    }

    @Override
    public void close() {
        plain.close();
        trained.close();
    }
}
