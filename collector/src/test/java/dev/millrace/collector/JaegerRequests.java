package dev.millrace.collector;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TField;
import org.apache.thrift.protocol.TList;
import org.apache.thrift.protocol.TMessage;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.protocol.TProtocolFactory;
import org.apache.thrift.protocol.TStruct;
import org.apache.thrift.protocol.TType;
import org.apache.thrift.transport.TMemoryBuffer;

/// What Jaeger's clients send: one span of one process.
final class JaegerRequests {

    static final TProtocolFactory BINARY = new TBinaryProtocol.Factory();
    static final TProtocolFactory COMPACT = new TCompactProtocol.Factory();

    private static final long TRACE_HIGH = 0x5b8efff798038103L;
    private static final long TRACE_LOW = 0xd269b633813fc60cL;
    private static final long SPAN = 0xeee19b7ec3c1b174L;

    private JaegerRequests() {}

    /// A `PostSpansRequest`.
    static byte[] postSpans(String name) {
        return message(request ->
                request.writeBytes(
                        1,
                        nested(batch -> {
                            batch.writeBytes(1, nested(span -> protobufSpan(span, name)));
                            batch.writeBytes(2, nested(process -> process.writeString(1, "shop")));
                        })));
    }

    /// A `Batch`.
    ///
    /// @param startMicros since the epoch
    static byte[] batch(TProtocolFactory protocol, String name, long startMicros) {
        return written(protocol, out -> batch(out, name, startMicros));
    }

    /// The agent's call with a `Batch`.
    static byte[] emitBatch(TProtocolFactory protocol, String name) {
        return written(
                protocol,
                out -> {
                    out.writeMessageBegin(new TMessage("emitBatch", TMessageType.ONEWAY, 1));
                    out.writeStructBegin(new TStruct("emitBatch_args"));
                    out.writeFieldBegin(new TField("batch", TType.STRUCT, (short) 1));
                    batch(out, name, Requests.nanos(Requests.NOW) / 1000);
                    out.writeFieldEnd();
                    out.writeFieldStop();
                    out.writeStructEnd();
                    out.writeMessageEnd();
                });
    }

    private static void protobufSpan(CodedOutputStream span, String name) throws IOException {
        span.writeBytes(1, Requests.bytes("5b8efff798038103d269b633813fc60c"));
        span.writeBytes(2, Requests.bytes("eee19b7ec3c1b174"));
        span.writeString(3, name);
        span.writeBytes(6, nested(time -> time.writeInt64(1, Requests.NOW.getEpochSecond())));
    }

    private static void batch(TProtocol out, String name, long startMicros) throws TException {
        out.writeStructBegin(new TStruct("Batch"));
        out.writeFieldBegin(new TField("process", TType.STRUCT, (short) 1));
        out.writeStructBegin(new TStruct("Process"));
        out.writeFieldBegin(new TField("serviceName", TType.STRING, (short) 1));
        out.writeString("shop");
        out.writeFieldEnd();
        out.writeFieldStop();
        out.writeStructEnd();
        out.writeFieldEnd();
        out.writeFieldBegin(new TField("spans", TType.LIST, (short) 2));
        out.writeListBegin(new TList(TType.STRUCT, 1));
        out.writeStructBegin(new TStruct("Span"));
        number(out, 1, TRACE_LOW);
        number(out, 2, TRACE_HIGH);
        number(out, 3, SPAN);
        number(out, 4, 0);
        out.writeFieldBegin(new TField("operationName", TType.STRING, (short) 5));
        out.writeString(name);
        out.writeFieldEnd();
        out.writeFieldBegin(new TField("flags", TType.I32, (short) 7));
        out.writeI32(1);
        out.writeFieldEnd();
        number(out, 8, startMicros);
        number(out, 9, 1000);
        out.writeFieldStop();
        out.writeStructEnd();
        out.writeListEnd();
        out.writeFieldEnd();
        out.writeFieldStop();
        out.writeStructEnd();
    }

    private static void number(TProtocol out, int id, long value) throws TException {
        out.writeFieldBegin(new TField("", TType.I64, (short) id));
        out.writeI64(value);
        out.writeFieldEnd();
    }

    private interface Thrift {
        void writeTo(TProtocol out) throws TException;
    }

    private static byte[] written(TProtocolFactory protocol, Thrift thrift) {
        try {
            var buffer = new TMemoryBuffer(256);
            thrift.writeTo(protocol.getProtocol(buffer));
            return Arrays.copyOf(buffer.getArray(), buffer.length());
        } catch (TException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Message {
        void writeTo(CodedOutputStream out) throws IOException;
    }

    private static ByteString nested(Message message) {
        return ByteString.copyFrom(message(message));
    }

    private static byte[] message(Message message) {
        var bytes = new ByteArrayOutputStream();
        try {
            var out = CodedOutputStream.newInstance(bytes);
            message.writeTo(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
