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

    private static final String OURS = "millrace.";
    private static final String TRUNCATED = OURS + "truncated";
    private static final int DROPPED_LINKS = ProtoReader.tag(14, ProtoReader.VARINT);
    private static final int KEY = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final long MAX_UINT32 = 0xffff_ffffL;

    private final byte[] bytes;
    private final SpanLimits limits;
    private boolean namesService;

    /// How many values were cut so far, in any way.
    private int cutValues;

    private final Map<Repair, Integer> repairs = new EnumMap<>(Repair.class);

    MessageRepair(byte[] bytes, SpanLimits limits) {
        this.bytes = bytes;
        this.limits = limits;
    }

    /// What was mended so far.
    Map<Repair, Integer> repairs() {
        return repairs;
    }

    /// Whether a resource repaired from now on gets a service name in place of what it has.
    void nameService(boolean now) {
        namesService = now;
    }

    /// Writes a resource with nothing but the service name that stands for none.
    void unknownResource(Output output) {
        count(Repair.SERVICE_NAME);
        output.raw(ServiceName.UNKNOWN_RESOURCE, 0, ServiceName.UNKNOWN_RESOURCE.length);
    }

    /// Writes a length-delimited field, repaired.
    ///
    /// @param shape the message that holds the field
    void field(Shape shape, int tag, int start, int stop, Output output) {
        field(shape, tag, start, stop, output, 1);
    }

    private void field(Shape shape, int tag, int start, int stop, Output output, int depth) {
        switch (shape.content(tag)) {
            case Shape.TEXT -> output.delimited(tag, text(start, stop));
            case Shape.VALUE_TEXT -> output.delimited(tag, valueText(start, stop));
            case Shape.VALUE_BYTES -> {
                int length = Math.min(stop - start, limits.maxAttributeBytes());
                if (length < stop - start) {
                    count(Repair.ATTRIBUTE_TRUNCATED);
                    cutValues++;
                }
                output.delimited(tag, bytes, start, start + length);
            }
            case Shape.MESSAGE, Shape.ATTRIBUTE, Shape.LINK_OF_SPAN ->
                    output.delimited(tag, message(shape.child(tag), start, stop, depth));
            case Shape.CONTAINER -> {
                if (depth < limits.maxDepth()) {
                    output.delimited(tag, message(shape.child(tag), start, stop, depth + 1));
                } else {
                    if (start < stop) {
                        count(Repair.VALUE_TOO_DEEP);
                        cutValues++;
                    }
                    output.delimited(tag, bytes, start, start);
                }
            }
            default -> output.delimited(tag, bytes, start, stop);
        }
    }

    private Output message(Shape shape, int from, int to, int depth) {
        var output = new Output(to - from + 64);
        var mending = shape == Shape.SPAN ? SpanMending.of(bytes, from, to) : SpanMending.NONE;
        var cuts = new Cuts();
        int droppedLinks = 0;
        long linksDroppedBefore = 0;
        long attributesDroppedBefore = 0;
        var reader = new ProtoReader(bytes, from, to - from);
        int fieldStart = from;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            int valueStart = reader.position();
            reader.skip();
            int stop = reader.position();
            int content = shape.content(tag);
            if (shape == Shape.SPAN && tag == DROPPED_LINKS) {
                linksDroppedBefore = Wire.varint(bytes, valueStart, stop) & MAX_UINT32;
            } else if (tag == shape.droppedAttributes()) {
                attributesDroppedBefore = Wire.varint(bytes, valueStart, stop) & MAX_UINT32;
            } else if (mending.replaces(tag)) {
                fieldStart = stop;
                continue;
            } else if (content == Shape.OTHER) {
                output.raw(bytes, fieldStart, stop);
            } else {
                int start = Wire.low(Wire.delimited(bytes, valueStart, stop));
                if (content == Shape.LINK_OF_SPAN && !MessageCheck.linkHasIds(bytes, start, stop)) {
                    count(Repair.LINK_DROPPED);
                    droppedLinks++;
                } else if (content == Shape.ATTRIBUTE) {
                    attribute(shape, tag, start, stop, output, cuts, depth);
                } else {
                    field(shape, tag, start, stop, output, depth);
                }
            }
            fieldStart = stop;
        }
        cuts.write(output);
        mending.write(output, this::count);
        if (namesService && shape == Shape.RESOURCE) {
            count(Repair.SERVICE_NAME);
            output.raw(ServiceName.UNKNOWN_ATTRIBUTE, 0, ServiceName.UNKNOWN_ATTRIBUTE.length);
        }
        writeCount(output, DROPPED_LINKS, droppedLinks + linksDroppedBefore);
        writeCount(output, shape.droppedAttributes(), cuts.dropped + attributesDroppedBefore);
        return output;
    }

    private static void writeCount(Output output, int tag, long number) {
        if (number > 0) {
            output.varint(tag);
            output.varint(Math.min(number, MAX_UINT32));
        }
    }

    private void attribute(
            Shape shape, int tag, int start, int stop, Output output, Cuts cuts, int depth) {
        boolean ofService = shape == Shape.RESOURCE && ServiceName.hasKey(bytes, start, stop);
        if (ofService && namesService) {
            return;
        }
        String key = key(start, stop);
        cuts.tag = tag;
        if (key.equals(TRUNCATED) && cuts.earlier == null) {
            cuts.earlier = message(shape.child(tag), start, stop, depth);
            return;
        }
        // Ours come on top, so that a repaired span stays as it is wherever it passes again.
        if (!ofService && !key.startsWith(OURS)) {
            if (cuts.kept == limits.maxAttributes()) {
                cuts.dropped++;
                count(Repair.ATTRIBUTE_DROPPED);
                return;
            }
            cuts.kept++;
        }
        int before = cutValues;
        field(shape, tag, start, stop, output, depth);
        if (cutValues > before) {
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

    /// What was cut from one holder of attributes, and the keys whose values were.
    private static final class Cuts {
        private int kept;
        private int dropped;
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
            cutValues++;
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
        int length = limits.maxAttributeBytes();
        if (text.length <= length) {
            return text;
        }
        while (length > 0 && (text[length] & 0xc0) == 0x80) {
            length--;
        }
        return Arrays.copyOf(text, length);
    }

    private void count(Repair repair) {
        repairs.merge(repair, 1, Integer::sum);
    }
}
