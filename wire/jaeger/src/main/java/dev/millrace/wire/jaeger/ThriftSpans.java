package dev.millrace.wire.jaeger;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.nio.ByteBuffer;
import org.apache.thrift.TConfiguration;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TField;
import org.apache.thrift.protocol.TList;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.protocol.TProtocolUtil;
import org.apache.thrift.protocol.TType;
import org.apache.thrift.transport.TMemoryInputTransport;
import org.apache.thrift.transport.TTransportException;

/// Reads the structs of `jaeger.thrift` and the agent's `emitBatch` by field id.
///
/// | Struct | Fields |
/// |---|---|
/// | `Batch` | 1 process, 2 spans |
/// | `Process` | 1 serviceName, 2 tags |
/// | `Span` | 1 traceIdLow, 2 traceIdHigh, 3 spanId, 4 parentSpanId, 5 operationName, 6 references, 7 flags, 8 startTime (µs), 9 duration (µs), 10 tags, 11 logs |
/// | `SpanRef` | 1 refType, 2 traceIdLow, 3 traceIdHigh, 4 spanId |
/// | `Log` | 1 timestamp (µs), 2 fields |
/// | `Tag` | 1 key, 2 vType (0 string, 1 double, 2 bool, 3 long, 4 binary), 3 vStr, 4 vDouble, 5 vBool, 6 vLong, 7 vBinary |
// The offset is added by `offset`, which the check does not see.
@SuppressWarnings("ByteBufferBackingArray")
final class ThriftSpans {

    private static final int MAX_DEPTH = 32;

    private final Slice body;
    private final boolean compact;
    private final int maxBytes;
    private final SpanSink sink;
    private final TMemoryInputTransport transport;
    private final TProtocol in;
    private final Tag tag = new Tag();

    private ThriftSpans(Slice body, boolean compact, int maxBytes, SpanSink sink)
            throws TTransportException {
        this.body = body;
        this.compact = compact;
        this.maxBytes = maxBytes;
        this.sink = sink;
        var limits = new TConfiguration(maxBytes, maxBytes, MAX_DEPTH);
        transport = new TMemoryInputTransport(limits, body.array(), body.offset(), body.length());
        in =
                compact
                        ? new TCompactProtocol(transport, maxBytes, maxBytes)
                        : new TBinaryProtocol(transport, maxBytes, maxBytes, false, false);
    }

    static ThriftSpans binary(Slice body, int maxBytes, SpanSink sink) throws TTransportException {
        return new ThriftSpans(body, false, maxBytes, sink);
    }

    static ThriftSpans compact(Slice body, int maxBytes, SpanSink sink) throws TTransportException {
        return new ThriftSpans(body, true, maxBytes, sink);
    }

    /// A bare `Batch`.
    void body() throws TException {
        batch();
    }

    /// A message with a `Batch` as its argument 1.
    void message() throws TException {
        var message = in.readMessageBegin();
        if (!message.name.equals("emitBatch")) {
            throw new MalformedSpansException(
                    "message: \"" + shortened(message.name) + "\" (expected: emitBatch)");
        }
        in.readStructBegin();
        boolean batch = false;
        for (TField field = next(); field.type != TType.STOP; field = next()) {
            if (field.id == 1 && field.type == TType.STRUCT) {
                batch();
                batch = true;
            } else {
                skip(field);
            }
        }
        if (!batch) {
            throw new MalformedSpansException("emitBatch without a batch (expected: field 1)");
        }
    }

    private static String shortened(String text) {
        return text.length() <= 64 ? text : text.substring(0, 64) + "…";
    }

    private void batch() throws TException {
        in.readStructBegin();
        sink.beginProcess();
        boolean process = false;
        int later = -1;
        for (TField field = next(); field.type != TType.STOP; field = next()) {
            if (field.id == 1 && field.type == TType.STRUCT) {
                process();
                process = true;
            } else if (field.id == 2 && field.type == TType.LIST) {
                if (process) {
                    spans();
                } else {
                    later = transport.getBufferPosition();
                    skip(field);
                }
            } else {
                skip(field);
            }
        }
        in.readStructEnd();
        if (later >= 0) {
            // No writer we know puts the spans first, but the format allows it.
            int end = body.offset() + body.length();
            var rest = Slice.of(body.array(), later, end - later);
            new ThriftSpans(rest, compact, maxBytes, sink).spans();
        }
    }

    private void spans() throws TException {
        for (int left = structs(); left > 0; left--) {
            span();
        }
    }

    private void process() throws TException {
        in.readStructBegin();
        for (TField field = next(); field.type != TType.STOP; field = next()) {
            if (field.id == 1 && field.type == TType.STRING) {
                var name = in.readBinary();
                sink.serviceName(name.array(), offset(name), name.remaining());
            } else if (field.id == 2 && field.type == TType.LIST) {
                for (int left = structs(); left > 0; left--) {
                    tag();
                    sink.processTag(tag);
                }
            } else {
                skip(field);
            }
        }
        in.readStructEnd();
    }

    private void span() throws TException {
        sink.beginSpan();
        in.readStructBegin();
        long low = 0;
        long high = 0;
        for (TField field = next(); field.type != TType.STOP; field = next()) {
            switch (key(field)) {
                case 1 << 8 | TType.I64 -> low = in.readI64();
                case 2 << 8 | TType.I64 -> high = in.readI64();
                case 3 << 8 | TType.I64 -> sink.spanId(true, in.readI64());
                case 4 << 8 | TType.I64 -> sink.parent(in.readI64());
                case 5 << 8 | TType.STRING -> {
                    var name = in.readBinary();
                    sink.name(name.array(), offset(name), name.remaining());
                }
                case 6 << 8 | TType.LIST -> {
                    for (int left = structs(); left > 0; left--) {
                        reference();
                    }
                }
                case 7 << 8 | TType.I32 -> sink.flags(in.readI32());
                case 8 << 8 | TType.I64 -> sink.start(Time.micros(in.readI64()));
                case 9 << 8 | TType.I64 -> sink.duration(Time.micros(in.readI64()));
                case 10 << 8 | TType.LIST -> {
                    for (int left = structs(); left > 0; left--) {
                        tag();
                        sink.spanTag(tag);
                    }
                }
                case 11 << 8 | TType.LIST -> {
                    for (int left = structs(); left > 0; left--) {
                        log();
                    }
                }
                default -> skip(field);
            }
        }
        in.readStructEnd();
        sink.traceId(true, high, low);
        sink.endSpan();
    }

    private void reference() throws TException {
        in.readStructBegin();
        int type = SpanSink.CHILD_OF;
        long low = 0;
        long high = 0;
        long span = 0;
        for (TField field = next(); field.type != TType.STOP; field = next()) {
            switch (key(field)) {
                case 1 << 8 | TType.I32 -> type = in.readI32();
                case 2 << 8 | TType.I64 -> low = in.readI64();
                case 3 << 8 | TType.I64 -> high = in.readI64();
                case 4 << 8 | TType.I64 -> span = in.readI64();
                default -> skip(field);
            }
        }
        in.readStructEnd();
        sink.reference(type, high, low, span);
    }

    private void log() throws TException {
        var events = sink.events();
        events.begin();
        in.readStructBegin();
        for (TField field = next(); field.type != TType.STOP; field = next()) {
            switch (key(field)) {
                case 1 << 8 | TType.I64 -> events.time(Time.micros(in.readI64()));
                case 2 << 8 | TType.LIST -> {
                    for (int left = structs(); left > 0; left--) {
                        tag();
                        events.field(tag);
                    }
                }
                default -> skip(field);
            }
        }
        in.readStructEnd();
        events.end();
    }

    private void tag() throws TException {
        tag.clear();
        in.readStructBegin();
        for (TField field = next(); field.type != TType.STOP; field = next()) {
            switch (key(field)) {
                case 1 << 8 | TType.STRING -> {
                    var key = in.readBinary();
                    tag.key(key.array(), offset(key), key.remaining());
                }
                case 2 << 8 | TType.I32 -> tag.type(type(in.readI32()));
                case 3 << 8 | TType.STRING -> {
                    var text = in.readBinary();
                    tag.text(text.array(), offset(text), text.remaining());
                }
                case 4 << 8 | TType.DOUBLE -> tag.real(in.readDouble());
                case 5 << 8 | TType.BOOL -> tag.bool(in.readBool());
                case 6 << 8 | TType.I64 -> tag.number(in.readI64());
                case 7 << 8 | TType.STRING -> {
                    var bytes = in.readBinary();
                    tag.binary(bytes.array(), offset(bytes), bytes.remaining());
                }
                default -> skip(field);
            }
        }
        in.readStructEnd();
    }

    private static int type(int thrift) {
        return switch (thrift) {
            case 0 -> Tag.STRING;
            case 1 -> Tag.FLOAT64;
            case 2 -> Tag.BOOL;
            case 3 -> Tag.INT64;
            case 4 -> Tag.BINARY;
            default ->
                    throw new MalformedSpansException(
                            "tag type: " + thrift + " (expected: 0 to 4)");
        };
    }

    private TField next() throws TException {
        return in.readFieldBegin();
    }

    private static int key(TField field) {
        return field.id << 8 | field.type;
    }

    // Counts are not trusted: nothing is allocated by them and each element reads a byte or fails.
    private int structs() throws TException {
        TList list = in.readListBegin();
        if (list.size > 0 && list.elemType != TType.STRUCT) {
            throw new MalformedSpansException(
                    "list of type " + list.elemType + " (expected: structs)");
        }
        return list.size;
    }

    private static int offset(ByteBuffer buffer) {
        return buffer.arrayOffset() + buffer.position();
    }

    private void skip(TField field) throws TException {
        TProtocolUtil.skip(in, field.type, MAX_DEPTH);
    }
}
