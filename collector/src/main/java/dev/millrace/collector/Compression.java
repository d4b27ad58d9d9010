package dev.millrace.collector;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.linecorp.armeria.common.RequestHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

/// The ways a request's bytes may be compressed, under the names both transports use.
enum Compression {
    IDENTITY {
        @Override
        InputStream decompress(InputStream in) {
            return in;
        }
    },
    GZIP {
        @Override
        InputStream decompress(InputStream in) throws IOException {
            return new GZIPInputStream(in, BUFFER);
        }
    },
    ZSTD {
        @Override
        InputStream decompress(InputStream in) throws IOException {
            return new ZstdInputStreamNoFinalizer(in).setLongMax(MAX_WINDOW_LOG);
        }
    },
    DEFLATE {
        @Override
        InputStream decompress(InputStream in) {
            return new InflaterInputStream(in);
        }
    };

    /// The names, for messages.
    private static final String NAMES = "gzip, zstd, deflate or identity";

    /// The names, for headers that list what is taken.
    static final String ACCEPTED = "gzip,zstd,deflate";

    private static final int BUFFER = 8 << 10;

    // 8 MiB, which the format asks every reader to bear; a frame may demand far more of us.
    private static final int MAX_WINDOW_LOG = 23;

    /// Reads what was compressed.
    abstract InputStream decompress(InputStream in) throws IOException;

    /// The compression a header names.
    ///
    /// @throws RefusedException when it is none of ours
    static Compression of(RequestHeaders headers, CharSequence header) {
        String name = headers.get(header, "");
        return switch (name.strip().toLowerCase(Locale.ROOT)) {
            case "", "identity" -> IDENTITY;
            case "gzip" -> GZIP;
            case "zstd" -> ZSTD;
            case "deflate" -> DEFLATE;
            default ->
                    throw Refusal.lasting(
                                    Outcome.UNSUPPORTED,
                                    header + ": " + name + " (expected: " + NAMES + ")")
                            .asException();
        };
    }

    /// Reads a stream to its end without ever holding more than a limit.
    ///
    /// @throws RefusedException when there is more
    static byte[] readAll(InputStream in, int limit) throws IOException {
        // Exact for bytes that are there already; decompressing streams only say 1.
        int known = in.available();
        byte[] bytes = new byte[Math.min(known > 1 ? known : BUFFER, limit)];
        int length = 0;
        while (true) {
            int read = in.readNBytes(bytes, length, bytes.length - length);
            length += read;
            if (length < bytes.length) {
                return Arrays.copyOf(bytes, length);
            }
            int next = in.read();
            if (next < 0) {
                return bytes;
            }
            if (length == limit) {
                throw tooLarge(limit);
            }
            bytes = Arrays.copyOf(bytes, (int) Math.min(limit, 2L * length + 1));
            bytes[length++] = (byte) next;
        }
    }

    static RefusedException malformed(IOException e) {
        return Refusal.lasting(
                        Outcome.MALFORMED,
                        "body: "
                                + (e.getMessage() == null ? e : e.getMessage())
                                + " (expected: compressed as its header says)")
                .asException();
    }

    static RefusedException tooLarge(long limit) {
        return Refusal.lasting(
                        Outcome.TOO_LARGE,
                        "request: more than "
                                + limit
                                + " bytes, as received or decompressed (expected: at most "
                                + limit
                                + ")")
                .asException();
    }
}
