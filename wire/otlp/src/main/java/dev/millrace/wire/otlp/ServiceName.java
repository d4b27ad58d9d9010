package dev.millrace.wire.otlp;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The attribute by which a resource names its service, and what stands for it when it does not.
final class ServiceName {

    /// OpenTelemetry's word for a service that nobody named.
    static final String UNKNOWN = "unknown_service";

    private static final byte[] KEY = "service.name".getBytes(StandardCharsets.UTF_8);
    private static final int ATTRIBUTES = tag(1);
    private static final int KEY_OF = tag(1);
    private static final int VALUE_OF = tag(2);
    private static final int STRING = tag(1);

    /// An attribute of a resource with the unknown service, its tag included.
    static final byte[] UNKNOWN_ATTRIBUTE = unknownAttribute();

    /// A resource that has nothing but this, its tag included.
    static final byte[] UNKNOWN_RESOURCE = field(tag(1), UNKNOWN_ATTRIBUTE);

    private ServiceName() {}

    private static int tag(int field) {
        return ProtoReader.tag(field, ProtoReader.LENGTH_DELIMITED);
    }

    private static byte[] unknownAttribute() {
        byte[] text = field(STRING, UNKNOWN.getBytes(StandardCharsets.UTF_8));
        var pair = new Output(64);
        pair.delimited(KEY_OF, KEY);
        pair.delimited(VALUE_OF, text);
        return field(ATTRIBUTES, Arrays.copyOf(pair.array(), pair.size()));
    }

    private static byte[] field(int tag, byte[] value) {
        var output = new Output(value.length + 8);
        output.delimited(tag, value);
        return Arrays.copyOf(output.array(), output.size());
    }

    /// Whether a resource names its service.
    ///
    /// @throws MalformedSpansException when its attributes cannot be read
    static boolean isIn(byte[] bytes, int from, int to) {
        int position = from;
        while (position < to) {
            long tag = Wire.tag(bytes, position, to);
            int after = Wire.skip(bytes, Wire.low(tag), Wire.high(tag), to);
            if (Wire.low(tag) == ATTRIBUTES) {
                int start = Wire.low(Wire.delimited(bytes, Wire.high(tag), after));
                if (hasKey(bytes, start, after) && hasText(bytes, start, after)) {
                    return true;
                }
            }
            position = after;
        }
        return false;
    }

    /// Whether an attribute is one for the service's name, whatever its value.
    static boolean hasKey(byte[] bytes, int from, int to) {
        boolean found = false;
        int position = from;
        while (position < to) {
            long tag = Wire.tag(bytes, position, to);
            int after = Wire.skip(bytes, Wire.low(tag), Wire.high(tag), to);
            if (Wire.low(tag) == KEY_OF) {
                int start = Wire.low(Wire.delimited(bytes, Wire.high(tag), after));
                found = Arrays.equals(bytes, start, after, KEY, 0, KEY.length);
            }
            position = after;
        }
        return found;
    }

    /// Whether an attribute's value is text, and some.
    private static boolean hasText(byte[] bytes, int from, int to) {
        boolean text = false;
        int position = from;
        while (position < to) {
            long tag = Wire.tag(bytes, position, to);
            int after = Wire.skip(bytes, Wire.low(tag), Wire.high(tag), to);
            if (Wire.low(tag) == VALUE_OF) {
                int start = Wire.low(Wire.delimited(bytes, Wire.high(tag), after));
                text = endsInText(bytes, start, after);
            }
            position = after;
        }
        return text;
    }

    /// Of a value's alternatives the last one counts.
    private static boolean endsInText(byte[] bytes, int from, int to) {
        boolean text = false;
        int position = from;
        while (position < to) {
            long tag = Wire.tag(bytes, position, to);
            int after = Wire.skip(bytes, Wire.low(tag), Wire.high(tag), to);
            text =
                    Wire.low(tag) == STRING
                            && Wire.low(Wire.delimited(bytes, Wire.high(tag), after)) < after;
            position = after;
        }
        return text;
    }
}
