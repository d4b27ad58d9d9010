package dev.millrace.agent;

import com.github.luben.zstd.Zstd;
import dev.millrace.agent.spool.Packing;
import dev.millrace.model.Slice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;

/// Compresses bodies.
final class Packer {

    private static final int ZSTD_LEVEL = 3;

    private Packer() {}

    static Slice pack(Packing packing, Slice body) {
        return switch (packing) {
            case IDENTITY -> body;
            case GZIP -> gzip(body);
            case ZSTD ->
                    Slice.of(
                            Zstd.compress(
                                    Arrays.copyOfRange(
                                            body.array(),
                                            body.offset(),
                                            body.offset() + body.length()),
                                    ZSTD_LEVEL));
        };
    }

    private static Slice gzip(Slice body) {
        var bytes = new ByteArrayOutputStream(body.length() / 4 + 64);
        try (var out = new GZIPOutputStream(bytes)) {
            out.write(body.array(), body.offset(), body.length());
        } catch (IOException e) {
            // An array never fails.
            throw new UncheckedIOException(e);
        }
        return Slice.of(bytes.toByteArray());
    }
}
