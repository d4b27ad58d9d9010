package dev.millrace.wire.zipkin;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.zipkin.SpanDraft.TagType;
import dev.millrace.wire.zipkin.V1Span.Annotation;
import dev.millrace.wire.zipkin.V1Span.BinaryAnnotation;
import dev.millrace.wire.zipkin.V1Span.Endpoint;
import java.nio.ByteBuffer;
import java.util.Base64;
import org.apache.thrift.TConfiguration;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TField;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.protocol.TProtocolUtil;
import org.apache.thrift.protocol.TType;
import org.apache.thrift.transport.TMemoryInputTransport;
import org.jspecify.annotations.Nullable;

/// Reads v1 spans in Thrift's binary protocol. Used once, by one thread.
final class ThriftReader {

    private static final int MAX_DEPTH = 16;

    // The least that an element of a list of structs takes: the byte that ends it.
    private static final int MIN_STRUCT = 1;

    private static final int BOOL = 0;
    private static final int I16 = 2;
    private static final int I32 = 3;
    private static final int I64 = 4;
    private static final int DOUBLE = 5;

    private final Slice body;
    private final V1Converter out;

    ThriftReader(Slice body, V1Converter out) {
        this.body = body;
        this.out = out;
    }

    private interface FieldReader {
        /// Reads a field and returns true, or leaves it be and returns false.
        boolean read(TField field) throws TException;
    }

    private interface ElementReader {
        void read() throws TException;
    }

    void read() {
        try {
            var limits = new TConfiguration(Math.max(1, body.length()), body.length(), MAX_DEPTH);
            var transport =
                    new TMemoryInputTransport(limits, body.array(), body.offset(), body.length());
            // No text, container or message can be larger than the body.
            var in = new TBinaryProtocol(transport, body.length(), body.length());
            if (body.array()[body.offset()] == TType.STRUCT) {
                list(in, () -> out.write(span(in)));
            } else {
                out.write(span(in));
            }
            if (transport.getBytesRemainingInBuffer() > 0) {
                throw new MalformedSpansException(
                        "not Zipkin Thrift: %d bytes after the spans (expected: none)"
                                .formatted(transport.getBytesRemainingInBuffer()));
            }
        } catch (TException e) {
            throw new MalformedSpansException("not Zipkin Thrift: " + e.getMessage());
        }
    }

    private void list(TProtocol in, ElementReader element) throws TException {
        var list = in.readListBegin();
        int left = in.getTransport().getBytesRemainingInBuffer();
        if (list.elemType != TType.STRUCT
                || list.size < 0
                || list.size * (long) MIN_STRUCT > left) {
            throw new MalformedSpansException(
                    "not Zipkin Thrift: a list of %d elements of type %d with %d bytes left"
                            .formatted(list.size, list.elemType, left));
        }
        for (int i = 0; i < list.size; i++) {
            element.read();
        }
        in.readListEnd();
    }

    private static void fields(TProtocol in, FieldReader reader) throws TException {
        in.readStructBegin();
        for (var field = in.readFieldBegin();
                field.type != TType.STOP;
                field = in.readFieldBegin()) {
            if (!reader.read(field)) {
                TProtocolUtil.skip(in, field.type, MAX_DEPTH);
            }
            in.readFieldEnd();
        }
        in.readStructEnd();
    }

    private static int key(int id, byte type) {
        return id << 8 | type;
    }

    private static int key(TField field) {
        return key(field.id, field.type);
    }

    private V1Span span(TProtocol in) throws TException {
        var span = new V1Span();
        fields(
                in,
                field -> {
                    switch (key(field)) {
                        case 1 << 8 | TType.I64 -> span.traceIdLow = in.readI64();
                        case 3 << 8 | TType.STRING -> span.name = in.readString();
                        case 4 << 8 | TType.I64 -> span.id = in.readI64();
                        case 5 << 8 | TType.I64 -> span.parentId = in.readI64();
                        case 6 << 8 | TType.LIST ->
                                list(
                                        in,
                                        () -> {
                                            var annotation = annotation(in);
                                            if (annotation.time() != 0) {
                                                span.annotations.add(annotation);
                                            }
                                        });
                        case 8 << 8 | TType.LIST ->
                                list(in, () -> span.binaryAnnotations.add(binaryAnnotation(in)));
                        case 9 << 8 | TType.BOOL -> span.debug = in.readBool();
                        case 10 << 8 | TType.I64 -> span.timestamp = Math.max(0, in.readI64());
                        case 11 << 8 | TType.I64 -> span.duration = Math.max(0, in.readI64());
                        case 12 << 8 | TType.I64 -> span.traceIdHigh = in.readI64();
                        default -> {
                            return false;
                        }
                    }
                    return true;
                });
        span.hasTraceId = (span.traceIdHigh | span.traceIdLow) != 0;
        return span;
    }

    private static final class Parts {
        long time;
        String key = "";
        String value = "";
        ByteBuffer bytes = ByteBuffer.allocate(0);
        int type = -1;
        @Nullable Endpoint endpoint;
        int ipv4;
        int port;
        String ipv6 = "";
    }

    private static Annotation annotation(TProtocol in) throws TException {
        var parts = new Parts();
        fields(
                in,
                field -> {
                    switch (key(field)) {
                        case 1 << 8 | TType.I64 -> parts.time = in.readI64();
                        case 2 << 8 | TType.STRING -> parts.value = in.readString();
                        case 3 << 8 | TType.STRUCT -> parts.endpoint = endpoint(in);
                        default -> {
                            return false;
                        }
                    }
                    return true;
                });
        return new Annotation(parts.time, parts.value, parts.endpoint);
    }

    private static BinaryAnnotation binaryAnnotation(TProtocol in) throws TException {
        var parts = new Parts();
        fields(
                in,
                field -> {
                    switch (key(field)) {
                        case 1 << 8 | TType.STRING -> parts.key = in.readString();
                        case 2 << 8 | TType.STRING -> parts.bytes = in.readBinary();
                        case 3 << 8 | TType.I32 -> parts.type = in.readI32();
                        case 4 << 8 | TType.STRUCT -> parts.endpoint = endpoint(in);
                        default -> {
                            return false;
                        }
                    }
                    return true;
                });
        return typed(parts);
    }

    private static BinaryAnnotation typed(Parts parts) {
        var bytes = parts.bytes;
        int length = bytes.remaining();
        int at = bytes.position();
        if (parts.type == BOOL && length == 1) {
            return value(parts, TagType.BOOL, bytes.get(at) == 0 ? 0 : 1);
        }
        if (parts.type == I16 && length == Short.BYTES) {
            return value(parts, TagType.INT, bytes.getShort(at));
        }
        if (parts.type == I32 && length == Integer.BYTES) {
            return value(parts, TagType.INT, bytes.getInt(at));
        }
        if (parts.type == I64 && length == Long.BYTES) {
            return value(parts, TagType.INT, bytes.getLong(at));
        }
        if (parts.type == DOUBLE && length == Double.BYTES) {
            return value(parts, TagType.REAL, bytes.getLong(at));
        }
        byte[] copy = new byte[length];
        bytes.get(at, copy);
        // A value that is not as long as its type says is kept like bytes.
        String text =
                parts.type >= BOOL && parts.type <= DOUBLE
                        ? Base64.getEncoder().encodeToString(copy)
                        : Slice.of(copy).toText();
        return new BinaryAnnotation(parts.key, TagType.TEXT, text, 0, parts.endpoint);
    }

    private static BinaryAnnotation value(Parts parts, TagType type, long bits) {
        return new BinaryAnnotation(parts.key, type, "", bits, parts.endpoint);
    }

    private static @Nullable Endpoint endpoint(TProtocol in) throws TException {
        var parts = new Parts();
        fields(
                in,
                field -> {
                    switch (key(field)) {
                        case 1 << 8 | TType.I32 -> parts.ipv4 = in.readI32();
                        case 2 << 8 | TType.I16 -> parts.port = in.readI16() & 0xffff;
                        case 3 << 8 | TType.STRING -> parts.value = in.readString();
                        case 4 << 8 | TType.STRING -> {
                            var address = in.readBinary();
                            byte[] copy = new byte[address.remaining()];
                            address.get(copy);
                            parts.ipv6 = copy.length == 16 ? ProtobufReader.ipv6(copy) : "";
                        }
                        default -> {
                            return false;
                        }
                    }
                    return true;
                });
        String ip = parts.ipv4 == 0 ? parts.ipv6 : ipv4(parts.ipv4);
        return parts.value.isEmpty() && ip.isEmpty() && parts.port == 0
                ? null
                : new Endpoint(parts.value, ip, parts.port);
    }

    private static String ipv4(int address) {
        return (address >>> 24)
                + "."
                + (address >>> 16 & 0xff)
                + "."
                + (address >>> 8 & 0xff)
                + "."
                + (address & 0xff);
    }
}
