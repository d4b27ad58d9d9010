package dev.millrace.storage.local;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import java.nio.ByteBuffer;
import org.apache.lucene.util.BytesRef;

/// Reads the values that [BodyEncoder] makes. Not safe for threads.
final class BodyDecoder implements AutoCloseable {

    private final Dictionaries dictionaries;
    private final ZstdDecompressCtx plain = new ZstdDecompressCtx();
    private final ZstdDecompressCtx trained = new ZstdDecompressCtx();
    private int loaded;

    BodyDecoder(Dictionaries dictionaries) {
        this.dictionaries = dictionaries;
    }

    static TraceId traceId(BytesRef value) {
        var buffer = ByteBuffer.wrap(value.bytes, value.offset, value.length);
        return new TraceId(buffer.getLong(), buffer.getLong());
    }

    /// @throws StoreException of kind CORRUPT when the value cannot be read
    Slice decode(BytesRef value) {
        int at = value.offset + 16;
        int end = value.offset + value.length;
        int[] header = new int[2];
        for (int i = 0; i < 2; i++) {
            int shift = 0;
            byte b;
            do {
                if (at >= end || shift > 28) {
                    throw corrupt("its header does not end");
                }
                b = value.bytes[at++];
                header[i] |= (b & 0x7f) << shift;
                shift += 7;
            } while (b < 0);
        }
        if (header[1] < 0) {
            throw corrupt("a length of " + header[1]);
        }
        byte[] body = new byte[header[1]];
        try {
            int size =
                    context(header[0])
                            .decompressByteArray(body, 0, body.length, value.bytes, at, end - at);
            if (size != body.length) {
                throw corrupt(size + " bytes (expected: " + body.length + ")");
            }
        } catch (ZstdException e) {
            throw new StoreException(
                    StoreException.Kind.CORRUPT, "a body cannot be decompressed: " + e, e);
        }
        return Slice.of(body);
    }

    private ZstdDecompressCtx context(int dictionary) {
        if (dictionary == 0) {
            return plain;
        }
        if (dictionary != loaded) {
            trained.loadDict(
                    dictionaries
                            .find(dictionary)
                            .orElseThrow(() -> corrupt("dictionary " + dictionary + " is missing"))
                            .decompressing());
            loaded = dictionary;
        }
        return trained;
    }

    private static StoreException corrupt(String what) {
        return new StoreException(
                StoreException.Kind.CORRUPT, "a body cannot be decompressed: " + what);
    }

    @Override
    public void close() {
        plain.close();
        trained.close();
    }
}
