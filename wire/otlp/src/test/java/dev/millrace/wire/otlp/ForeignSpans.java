package dev.millrace.wire.otlp;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// OTLP as foreign senders may write it, by hand or with the generated classes.
final class ForeignSpans {

    private ForeignSpans() {}

    static TracesData parse(Split split, int chunk) throws InvalidProtocolBufferException {
        return TracesData.parseFrom(split.chunks().get(chunk).body().toByteArray());
    }

    static Span spanOf(Split split) throws InvalidProtocolBufferException {
        return parse(split, 0).getResourceSpans(0).getScopeSpans(0).getSpans(0);
    }

    static Span.Builder span(long traceId, long spanId) {
        return Span.newBuilder()
                .setTraceId(ByteString.copyFrom(ByteBuffer.allocate(16).putLong(8, traceId)))
                .setSpanId(ByteString.copyFrom(ByteBuffer.allocate(8).putLong(0, spanId)))
                .setName("span " + spanId)
                .setStartTimeUnixNano(RandomSpans.NOW)
                .setEndTimeUnixNano(RandomSpans.NOW);
    }

    static TracesData request(Span.Builder... spans) {
        var data = TracesData.newBuilder();
        var resource = data.addResourceSpansBuilder();
        resource.getResourceBuilder().addAttributes(text("service.name", "shop"));
        var scope = resource.addScopeSpansBuilder();
        for (var span : spans) {
            scope.addSpans(span);
        }
        return data.build();
    }

    static byte[] requestOf(byte[] span) {
        return delimited(1, delimited(2, delimited(2, span)));
    }

    static byte[] delimited(int field, byte[] value) {
        var output = new Output(16);
        output.delimited(ProtoReader.tag(field, ProtoReader.LENGTH_DELIMITED), value);
        var bytes = new ByteArrayOutputStream();
        bytes.write(output.array(), 0, output.size());
        return bytes.toByteArray();
    }

    static byte[] replace(byte[] bytes, String from, String to) {
        return new String(bytes, StandardCharsets.ISO_8859_1)
                .replace(from, to)
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    static KeyValue text(String key, String value) {
        return KeyValue.newBuilder()
                .setKey(key)
                .setValue(AnyValue.newBuilder().setStringValue(value))
                .build();
    }

    static KeyValue truncated(String... keys) {
        var names = ArrayValue.newBuilder();
        for (var key : keys) {
            names.addValuesBuilder().setStringValue(key);
        }
        return KeyValue.newBuilder()
                .setKey("millrace.truncated")
                .setValue(AnyValue.newBuilder().setArrayValue(names))
                .build();
    }

    static KeyValue nested(int depth) {
        var value = AnyValue.newBuilder().setBoolValue(true);
        for (int i = 1; i < depth; i++) {
            value =
                    AnyValue.newBuilder()
                            .setKvlistValue(
                                    KeyValueList.newBuilder()
                                            .addValues(
                                                    KeyValue.newBuilder()
                                                            .setKey("k")
                                                            .setValue(value)));
        }
        return KeyValue.newBuilder().setKey("deep").setValue(value).build();
    }

    static ByteString hex(@Nullable String digits) {
        return digits == null
                ? ByteString.EMPTY
                : ByteString.copyFrom(HexFormat.of().parseHex(digits));
    }
}
