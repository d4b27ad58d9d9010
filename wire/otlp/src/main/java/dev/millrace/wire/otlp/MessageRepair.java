package dev.millrace.wire.otlp;

import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Rewrites messages that [MessageCheck] found in need of it and counts what was mended.
///
/// Works on well-formed bytes only. Whatever is not mended is copied as it stands, fields unknown
/// here included.
final class MessageRepair {

    private static final String TRUNCATED = "millrace.truncated";
    private static final int DROPPED_LINKS = ProtoReader.tag(14, ProtoReader.VARINT);
    private static final int KEY = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final long MAX_UINT32 = 0xffff_ffffL;

    private final byte[] bytes;
    private final int maxAttributeBytes;
    private final Map<Repair, Integer> repairs = new EnumMap<>(Repair.class);

    MessageRepair(byte[] bytes, int maxAttributeBytes) {
        this.bytes = bytes;
        this.maxAttributeBytes = maxAttributeBytes;
    }

    /// What was mended so far.
    Map<Repair, Integer> repairs() {
        return repairs;
    }

    /// Writes a length-delimited field, repaired.
    ///
    /// @param shape the message that holds the field
    void field(Shape shape, int tag, int start, int stop, Output output) {
        switch (shape.content(tag)) {
            case Shape.TEXT -> output.delimited(tag, text(start, stop));
            case Shape.VALUE_TEXT -> output.delimited(tag, valueText(start, stop));
            case Shape.VALUE_BYTES -> {
                int length = Math.min(stop - start, maxAttributeBytes);
                if (length < stop - start) {
                    count(Repair.ATTRIBUTE_TRUNCATED);
                }
                output.delimited(tag, bytes, start, start + length);
            }
            case Shape.MESSAGE, Shape.ATTRIBUTE, Shape.CONTAINER, Shape.LINK_OF_SPAN ->
                    output.delimited(tag, message(shape.child(tag), start, stop));
            default -> output.delimited(tag, bytes, start, stop);
        }
    }

    private Output message(Shape shape, int from, int to) {
        var output = new Output(to - from + 64);
        var cuts = new Cuts();
        int droppedLinks = 0;
        long droppedBefore = 0;
        var reader = new ProtoReader(bytes, from, to - from);
        int fieldStart = from;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            int valueStart = reader.position();
            reader.skip();
            int stop = reader.position();
            int content = shape.content(tag);
            if (shape == Shape.SPAN && tag == DROPPED_LINKS) {
                droppedBefore = Wire.varint(bytes, valueStart, stop) & MAX_UINT32;
            } else if (content == Shape.OTHER) {
                output.raw(bytes, fieldStart, stop);
            } else {
                int start = Wire.low(Wire.delimited(bytes, valueStart, stop));
                if (content == Shape.LINK_OF_SPAN && !MessageCheck.linkHasIds(bytes, start, stop)) {
                    count(Repair.LINK_DROPPED);
                    droppedLinks++;
                } else if (content == Shape.ATTRIBUTE) {
                    attribute(shape, tag, start, stop, output, cuts);
                } else {
                    field(shape, tag, start, stop, output);
                }
            }
            fieldStart = stop;
        }
        cuts.write(output);
        if (droppedLinks + droppedBefore > 0) {
            output.varint(DROPPED_LINKS);
            output.varint(Math.min(droppedLinks + droppedBefore, MAX_UINT32));
        }
        return output;
    }

    private void attribute(Shape shape, int tag, int start, int stop, Output output, Cuts cuts) {
        String key = key(start, stop);
        cuts.tag = tag;
        if (key.equals(TRUNCATED) && cuts.earlier == null) {
            cuts.earlier = message(shape.child(tag), start, stop);
            return;
        }
        int before = repairs.getOrDefault(Repair.ATTRIBUTE_TRUNCATED, 0);
        field(shape, tag, start, stop, output);
        if (repairs.getOrDefault(Repair.ATTRIBUTE_TRUNCATED, 0) > before) {
            byte[] name = cut(key.getBytes(StandardCharsets.UTF_8));
            cuts.keys.add(new String(name, StandardCharsets.UTF_8));
        }
    }

    private String key(int from, int to) {
        String key = "";
        var pair = new ProtoReader(bytes, from, to - from);
        for (int tag = pair.next(); tag != 0; tag = pair.next()) {
            if (tag == KEY) {
                key = pair.slice().toText();
            } else {
                pair.skip();
            }
        }
        return key;
    }

    /// The keys whose values were cut in one holder of attributes.
    private static final class Cuts {
        private final List<String> keys = new ArrayList<>();
        private int tag;

        /// What an earlier stage noted: merged with the new keys, for keys are meant to be unique.
        private @Nullable Output earlier;

        void write(Output output) {
            if (keys.isEmpty()) {
                if (earlier != null) {
                    output.delimited(tag, earlier);
                }
                return;
            }
            var names = new LinkedHashSet<String>();
            if (earlier != null) {
                for (var name : parse(earlier).getValue().getArrayValue().getValuesList()) {
                    names.add(name.getStringValue());
                }
            }
            names.addAll(keys);
            var array = ArrayValue.newBuilder();
            names.forEach(name -> array.addValuesBuilder().setStringValue(name));
            var attribute =
                    KeyValue.newBuilder()
                            .setKey(TRUNCATED)
                            .setValue(AnyValue.newBuilder().setArrayValue(array));
            output.delimited(tag, attribute.build().toByteArray());
        }

        private static KeyValue parse(Output attribute) {
            try {
                return KeyValue.parseFrom(ByteBuffer.wrap(attribute.array(), 0, attribute.size()));
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("a repaired attribute must be valid", e);
            }
        }
    }

    private byte[] valueText(int start, int stop) {
        byte[] text = text(start, stop);
        byte[] cut = cut(text);
        if (cut.length < text.length) {
            count(Repair.ATTRIBUTE_TRUNCATED);
        }
        return cut;
    }

    private byte[] text(int start, int stop) {
        if (Utf8.isValid(bytes, start, stop)) {
            return Arrays.copyOfRange(bytes, start, stop);
        }
        count(Repair.INVALID_UTF8);
        return new String(bytes, start, stop - start, StandardCharsets.UTF_8)
                .getBytes(StandardCharsets.UTF_8);
    }

    /// The longest valid beginning of UTF-8 text within the limit.
    private byte[] cut(byte[] text) {
        if (text.length <= maxAttributeBytes) {
            return text;
        }
        int length = maxAttributeBytes;
        while (length > 0 && (text[length] & 0xc0) == 0x80) {
            length--;
        }
        return Arrays.copyOf(text, length);
    }

    private void count(Repair repair) {
        repairs.merge(repair, 1, Integer::sum);
    }
}
