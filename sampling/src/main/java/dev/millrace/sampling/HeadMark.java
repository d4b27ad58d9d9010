package dev.millrace.sampling;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The attribute `millrace.head=error` of spans that the head kept because their trace failed, and
/// not by its randomness.
///
/// What came of such a trace before it failed may have been dropped.
public final class HeadMark {

    private static final int ATTRIBUTES = 9;
    private static final byte[] ATTRIBUTE = attribute();
    private static final Slice KEY = Slice.of("millrace.head".getBytes(StandardCharsets.UTF_8));

    private HeadMark() {}

    private static byte[] attribute() {
        Slice value = new ProtoWriter(16).text(1, "error").finish();
        Slice pair = new ProtoWriter(32).text(1, "millrace.head").bytes(2, value).finish();
        Slice field = new ProtoWriter(48).bytes(ATTRIBUTES, pair).finish();
        return Arrays.copyOf(field.array(), field.length());
    }

    /// The field of the span message. Not to be changed.
    static byte[] bytes() {
        return ATTRIBUTE;
    }

    /// Whether a span carries it.
    public static boolean isOn(Slice span) {
        if (endsWithMark(span)) {
            return true; // as the head writes it
        }
        var reader = ProtoReader.of(span);
        while (reader.next() != 0) {
            if (reader.field() != ATTRIBUTES || reader.wireType() != ProtoReader.LENGTH_DELIMITED) {
                reader.skip();
            } else if (hasKey(reader.slice())) {
                return true;
            }
        }
        return false;
    }

    private static boolean endsWithMark(Slice span) {
        int end = span.offset() + span.length();
        return span.length() >= ATTRIBUTE.length
                && Arrays.equals(
                        span.array(), end - ATTRIBUTE.length, end, ATTRIBUTE, 0, ATTRIBUTE.length);
    }

    private static boolean hasKey(Slice keyValue) {
        var reader = ProtoReader.of(keyValue);
        while (reader.next() != 0) {
            if (reader.field() == 1 && reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                if (reader.slice().equals(KEY)) {
                    return true;
                }
            } else {
                reader.skip();
            }
        }
        return false;
    }
}
