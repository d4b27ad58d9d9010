package dev.millrace.analysis;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What a span says about the other end of its call, read from its bytes, and which spans it links
/// to.
///
/// Reusable; not safe for threads.
final class Peer {

    /// Takes the ids of spans that are linked to.
    @FunctionalInterface
    interface SpanLinks {
        void link(long traceHigh, long traceLow, long spanId);
    }

    private static final int ATTRIBUTES = ProtoReader.tag(9, ProtoReader.LENGTH_DELIMITED);
    private static final int KEY = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final int LINKS = ProtoReader.tag(13, ProtoReader.LENGTH_DELIMITED);

    /// Earlier ones come first where several are named.
    private static final String[] NAMES = {
        "peer.service",
        "db.namespace",
        "db.name",
        "db.system.name",
        "db.system",
        "messaging.system",
        "server.address",
        "net.peer.name"
    };

    private static final int FIRST_OF_DATABASE = 1;
    private static final int LAST_OF_DATABASE = 4;
    private static final int OF_MESSAGING = 5;

    private static final byte[][] KEYS =
            Arrays.stream(NAMES)
                    .map(name -> name.getBytes(StandardCharsets.UTF_8))
                    .toArray(byte[][]::new);

    /// A bit for each length that a key has.
    private static final long LENGTHS =
            Arrays.stream(KEYS).mapToLong(key -> 1L << key.length).reduce(0, (a, b) -> a | b);

    private final Slice[] values = new Slice[KEYS.length];

    /// Reads a span; `links` may be null when nobody asks for them.
    void read(Slice span, @Nullable SpanLinks links) {
        Arrays.fill(values, Slice.EMPTY);
        byte[] bytes = span.array();
        var reader = ProtoReader.of(span);
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == ATTRIBUTES) {
                int length = reader.lengthDelimited();
                attribute(bytes, reader.position() - length, length);
            } else if (tag == LINKS && links != null) {
                link(reader.slice(), links);
            } else {
                reader.skip();
            }
        }
    }

    private void attribute(byte[] bytes, int from, int length) {
        // Nearly every attribute is another, as its key's length tells where it comes first.
        if (length > 1
                && bytes[from] == KEY
                && bytes[from + 1] >= 0
                && (bytes[from + 1] >= Long.SIZE || ((LENGTHS >>> bytes[from + 1]) & 1) == 0)) {
            return;
        }
        int key = -1;
        var pair = new ProtoReader(bytes, from, length);
        while (pair.next() != 0) {
            if (pair.field() == 1 && pair.wireType() == ProtoReader.LENGTH_DELIMITED) {
                int size = pair.lengthDelimited();
                key = key(bytes, pair.position() - size, size);
                if (key < 0) {
                    return;
                }
            } else if (pair.field() == 2
                    && pair.wireType() == ProtoReader.LENGTH_DELIMITED
                    && key >= 0) {
                values[key] = text(pair.slice());
            } else {
                pair.skip();
            }
        }
    }

    private static int key(byte[] bytes, int from, int length) {
        for (int i = 0; i < KEYS.length; i++) {
            byte[] key = KEYS[i];
            if (key.length == length
                    && key[0] == bytes[from]
                    && Arrays.equals(key, 0, length, bytes, from, from + length)) {
                return i;
            }
        }
        return -1;
    }

    private static Slice text(Slice anyValue) {
        var text = Slice.EMPTY;
        var reader = ProtoReader.of(anyValue);
        while (reader.next() != 0) {
            if (reader.field() == 1 && reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                text = reader.slice();
            } else {
                reader.skip();
            }
        }
        return text;
    }

    private static void link(Slice message, SpanLinks into) {
        var traceId = Slice.EMPTY;
        var spanId = Slice.EMPTY;
        var reader = ProtoReader.of(message);
        while (reader.next() != 0) {
            switch (reader.field()) {
                case 1 -> traceId = reader.slice();
                case 2 -> spanId = reader.slice();
                default -> reader.skip();
            }
        }
        if (traceId.length() == 16 && spanId.length() == 8) {
            into.link(id(traceId, 0), id(traceId, 8), id(spanId, 0));
        }
    }

    private static long id(Slice bytes, int at) {
        long id = 0;
        for (int i = 0; i < 8; i++) {
            id = (id << 8) | (bytes.array()[bytes.offset() + at + i] & 0xff);
        }
        return id;
    }

    /// What to call the other end; empty when the span does not say.
    ///
    /// A database that has a number for a name, as Redis has, is called by its system.
    Slice name() {
        for (int i = 0; i < values.length; i++) {
            if (values[i].length() > 0 && !(isDatabaseName(i) && isNumber(values[i]))) {
                return values[i];
            }
        }
        return Slice.EMPTY;
    }

    private static boolean isDatabaseName(int key) {
        return key == FIRST_OF_DATABASE || key == FIRST_OF_DATABASE + 1;
    }

    private static boolean isNumber(Slice text) {
        for (int i = text.offset(), end = i + text.length(); i < end; i++) {
            if (text.array()[i] < '0' || text.array()[i] > '9') {
                return false;
            }
        }
        return true;
    }

    /// The name a service goes by at its callers; empty when the span does not say.
    Slice service() {
        return values[0];
    }

    /// The name of whoever carries the messages; empty when the span does not say.
    Slice messaging() {
        return values[0].length() > 0 ? values[0] : values[OF_MESSAGING];
    }

    /// What the other end is.
    Connection connection() {
        for (int i = FIRST_OF_DATABASE; i <= LAST_OF_DATABASE; i++) {
            if (values[i].length() > 0) {
                return Connection.DATABASE;
            }
        }
        return values[OF_MESSAGING].length() > 0 ? Connection.MESSAGING : Connection.VIRTUAL;
    }
}
