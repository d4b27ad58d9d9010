package dev.millrace.wire.zipkin;

import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import java.util.Arrays;

/// Reads a v2 message `ListOfSpans`. Used once, by one thread.
final class ProtobufReader {

    private static final int SPANS = bytes(1);

    private static final int TRACE_ID = bytes(1);
    private static final int PARENT_ID = bytes(2);
    private static final int ID = bytes(3);
    private static final int KIND = ProtoReader.tag(4, ProtoReader.VARINT);
    private static final int NAME = bytes(5);
    private static final int TIMESTAMP = ProtoReader.tag(6, ProtoReader.FIXED64);
    private static final int DURATION = ProtoReader.tag(7, ProtoReader.VARINT);
    private static final int LOCAL_ENDPOINT = bytes(8);
    private static final int REMOTE_ENDPOINT = bytes(9);
    private static final int ANNOTATIONS = bytes(10);
    private static final int TAGS = bytes(11);
    private static final int DEBUG = ProtoReader.tag(12, ProtoReader.VARINT);
    private static final int SHARED = ProtoReader.tag(13, ProtoReader.VARINT);

    private static final int FIRST_TEXT = bytes(1);
    private static final int SECOND_TEXT = bytes(2);
    private static final int THIRD_TEXT = bytes(3);
    private static final int PORT = ProtoReader.tag(4, ProtoReader.VARINT);
    private static final int TIME = ProtoReader.tag(1, ProtoReader.FIXED64);

    private final byte[] bytes;
    private final Texts texts;
    private final SpanDraft span;
    private final OtlpWriter out;

    ProtobufReader(byte[] bytes, SpanDraft span, OtlpWriter out) {
        this.bytes = bytes;
        this.texts = span.texts;
        this.span = span;
        this.out = out;
    }

    private static int bytes(int field) {
        return ProtoReader.tag(field, ProtoReader.LENGTH_DELIMITED);
    }

    void read(int from, int length) {
        var list = new ProtoReader(bytes, from, length);
        for (int tag = list.next(); tag != 0; tag = list.next()) {
            if (tag == SPANS) {
                span.clear();
                span(nested(list));
                Ids.require(span);
                out.write();
            } else {
                list.skip();
            }
        }
    }

    private ProtoReader nested(ProtoReader outer) {
        int length = outer.lengthDelimited();
        return new ProtoReader(bytes, outer.position() - length, length);
    }

    private static long text(ProtoReader reader) {
        int length = reader.lengthDelimited();
        return Texts.inBody(reader.position() - length, reader.position());
    }

    private void span(ProtoReader reader) {
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == TAGS) {
                tag(nested(reader));
            } else if (tag == TRACE_ID) {
                traceId(text(reader));
            } else if (tag == ID) {
                span.id = spanId("id", text(reader));
                if (span.id == 0) {
                    throw new MalformedSpansException(
                            "id: all zero (expected: 8 bytes, not all zero)");
                }
            } else if (tag == PARENT_ID) {
                long parentId = text(reader);
                span.parentId = Texts.length(parentId) == 0 ? 0 : spanId("parent_id", parentId);
            } else if (tag == KIND) {
                span.kind = kind(reader.varint());
            } else if (tag == NAME) {
                span.name = text(reader);
            } else if (tag == TIMESTAMP) {
                span.timestamp = reader.fixed64();
            } else if (tag == DURATION) {
                span.duration = reader.varint();
            } else if (tag == LOCAL_ENDPOINT) {
                endpoint(nested(reader), span.local);
            } else if (tag == REMOTE_ENDPOINT) {
                endpoint(nested(reader), span.remote);
            } else if (tag == ANNOTATIONS) {
                annotation(nested(reader));
            } else if (tag == DEBUG) {
                span.debug = reader.varint() != 0;
            } else if (tag == SHARED) {
                span.shared = reader.varint() != 0;
            } else {
                reader.skip();
            }
        }
    }

    private void traceId(long text) {
        int length = Texts.length(text);
        if (length == 0 || length > 16 || length % 8 != 0) {
            throw new MalformedSpansException(
                    "trace_id: %d bytes (expected: 8 or 16)".formatted(length));
        }
        int end = Texts.from(text) + length;
        span.traceIdHigh = length == 16 ? bigEndian(end - 16) : 0;
        span.traceIdLow = bigEndian(end - 8);
        if ((span.traceIdHigh | span.traceIdLow) == 0) {
            throw new MalformedSpansException(
                    "trace_id: all zero (expected: 8 or 16 bytes, not all zero)");
        }
        span.hasTraceId = true;
    }

    private long spanId(String field, long text) {
        if (Texts.length(text) != 8) {
            throw new MalformedSpansException(
                    field + ": " + Texts.length(text) + " bytes (expected: 8)");
        }
        return bigEndian(Texts.from(text));
    }

    private long bigEndian(int from) {
        long value = 0;
        for (int i = from; i < from + 8; i++) {
            value = (value << 8) | (bytes[i] & 0xff);
        }
        return value;
    }

    private static int kind(long kind) {
        return switch (Math.clamp(kind, 0, 5)) {
            case 1 -> OtlpFields.KIND_CLIENT;
            case 2 -> OtlpFields.KIND_SERVER;
            case 3 -> OtlpFields.KIND_PRODUCER;
            case 4 -> OtlpFields.KIND_CONSUMER;
            default -> OtlpFields.KIND_UNSPECIFIED;
        };
    }

    private void tag(ProtoReader reader) {
        long key = Texts.NONE;
        long value = Texts.NONE;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == FIRST_TEXT) {
                key = text(reader);
            } else if (tag == SECOND_TEXT) {
                value = text(reader);
            } else {
                reader.skip();
            }
        }
        span.tag(key, value);
    }

    private void annotation(ProtoReader reader) {
        long time = 0;
        long value = Texts.NONE;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == TIME) {
                time = reader.fixed64();
            } else if (tag == SECOND_TEXT) {
                value = text(reader);
            } else {
                reader.skip();
            }
        }
        if (time != 0) {
            span.annotation(time, value);
        }
    }

    private void endpoint(ProtoReader reader, Host host) {
        host.clear();
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == FIRST_TEXT) {
                host.service = text(reader);
            } else if (tag == SECOND_TEXT) {
                host.ipv4 = ip(text(reader), 4);
            } else if (tag == THIRD_TEXT) {
                host.ipv6 = ip(text(reader), 16);
            } else if (tag == PORT) {
                host.port = EndpointReader.port(reader.varint());
            } else {
                reader.skip();
            }
        }
    }

    private long ip(long text, int length) {
        int from = Texts.from(text);
        if (Texts.length(text) != length) {
            return Texts.NONE;
        }
        if (length == 16) {
            return texts.add(ipv6(Arrays.copyOfRange(bytes, from, from + length)));
        }
        int mark = texts.mark();
        for (int i = from; i < from + length; i++) {
            if (i > from) {
                texts.append('.');
            }
            int part = bytes[i] & 0xff;
            if (part >= 100) {
                texts.append('0' + part / 100);
            }
            if (part >= 10) {
                texts.append('0' + part / 10 % 10);
            }
            texts.append('0' + part % 10);
        }
        return texts.since(mark);
    }

    /// An address as RFC 5952 writes it, the longest run of zeros left out.
    static String ipv6(byte[] address) {
        int best = 0;
        int bestLength = 1;
        for (int i = 0; i < 8; i++) {
            int run = 0;
            while (i + run < 8 && group(address, i + run) == 0) {
                run++;
            }
            if (run > bestLength) {
                best = i;
                bestLength = run;
            }
        }
        var text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (bestLength > 1 && i == best) {
                text.append("::");
                i += bestLength - 1;
            } else {
                if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                    text.append(':');
                }
                text.append(Integer.toHexString(group(address, i)));
            }
        }
        return text.toString();
    }

    private static int group(byte[] address, int index) {
        return ((address[2 * index] & 0xff) << 8) | (address[2 * index + 1] & 0xff);
    }
}
