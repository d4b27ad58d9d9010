package dev.millrace.sampling;

import dev.millrace.model.Slice;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// A W3C `tracestate` as bytes, with the `ot` member taken apart.
///
/// Only what OpenTelemetry's member says is interpreted. Other members are carried along in their
/// order, byte for byte, and give way only where the header's limits demand it.
public final class TraceState {

    /// Of a span without any.
    public static final TraceState EMPTY = new TraceState(new byte[0], 0, 0);

    private static final int MAX_MEMBERS = 32;
    // What every party along the way has to propagate at least.
    private static final int MAX_BYTES = 512;
    private static final int LONG_MEMBER = 128;
    private static final int MAX_OT_VALUE = 256;
    private static final int RANDOMNESS_DIGITS = 14;
    private static final long NONE = -1;

    private final byte[] bytes;
    private final int from;
    private final int to;
    private long threshold = NONE;
    private long randomness = NONE;
    private int otFrom = -1;
    private int otTo = -1;
    private boolean malformed;

    private TraceState(byte[] bytes, int from, int to) {
        this.bytes = bytes;
        this.from = from;
        this.to = to;
        for (int start = from; start < to; ) {
            int end = find((byte) ',', start, to);
            member(start, end);
            start = end + 1;
        }
    }

    public static TraceState parse(String text) {
        byte[] ascii = text.getBytes(StandardCharsets.UTF_8);
        return parse(ascii, 0, ascii.length);
    }

    /// Must not change as long as this is in use.
    public static TraceState parse(Slice text) {
        return parse(text.array(), text.offset(), text.offset() + text.length());
    }

    static TraceState parse(byte[] bytes, int from, int to) {
        return new TraceState(bytes, from, to);
    }

    private void member(int start, int end) {
        int first = trimStart(start, end);
        int last = trimEnd(first, end);
        if (first == last) {
            return;
        }
        int equals = find((byte) '=', first, last);
        if (equals == last || equals == first) {
            malformed = true;
        } else if (isOt(first, equals)) {
            if (otFrom >= 0) {
                // A key may appear once; the first, which is the latest written, counts.
                malformed = true;
                return;
            }
            otFrom = equals + 1;
            otTo = last;
            for (int field = otFrom; field < last; ) {
                int fieldEnd = find((byte) ';', field, last);
                otField(field, fieldEnd);
                field = fieldEnd + 1;
            }
        }
    }

    private void otField(int start, int end) {
        if (isKey(start, end, 't', 'h')) {
            threshold = Threshold.parse(bytes, start + 3, end);
            malformed |= threshold < 0;
        } else if (isKey(start, end, 'r', 'v')) {
            randomness =
                    end - start - 3 == RANDOMNESS_DIGITS
                            ? Threshold.digits(bytes, start + 3, end)
                            : NONE;
            malformed |= randomness < 0;
        } else if (find((byte) ':', start, end) == end) {
            malformed = true;
        }
    }

    private boolean isOt(int start, int end) {
        return end - start == 2 && bytes[start] == 'o' && bytes[start + 1] == 't';
    }

    private boolean isKey(int start, int end, char first, char second) {
        return end - start >= 3
                && bytes[start] == first
                && bytes[start + 1] == second
                && bytes[start + 2] == ':';
    }

    private int find(byte wanted, int start, int end) {
        int i = start;
        while (i < end && bytes[i] != wanted) {
            i++;
        }
        return i;
    }

    private int trimStart(int start, int end) {
        int i = start;
        while (i < end && (bytes[i] == ' ' || bytes[i] == '\t')) {
            i++;
        }
        return i;
    }

    private int trimEnd(int start, int end) {
        int i = end;
        while (i > start && (bytes[i - 1] == ' ' || bytes[i - 1] == '\t')) {
            i--;
        }
        return i;
    }

    /// The threshold the span was sampled with, empty when it does not say.
    public OptionalLong threshold() {
        return threshold < 0 ? OptionalLong.empty() : OptionalLong.of(threshold);
    }

    /// The randomness that the trace states, empty when its id gives it.
    public OptionalLong randomness() {
        return randomness < 0 ? OptionalLong.empty() : OptionalLong.of(randomness);
    }

    long thresholdOrNone() {
        return threshold;
    }

    long randomnessOrNone() {
        return randomness;
    }

    /// Whether a member or a field of `ot` breaks the format. What breaks it counts as absent.
    public boolean malformed() {
        return malformed;
    }

    /// This trace state with another threshold: `ot` first, as W3C asks of the member that was
    /// changed, then the others in their order.
    public String withThreshold(Threshold changed) {
        return new String(withThreshold(changed.value()), StandardCharsets.UTF_8);
    }

    /// The state of a span that was kept once more, at this threshold: a threshold that it was kept
    /// at before only ever rises.
    ///
    /// @return `before` itself when that says so already
    public static Slice kept(Slice before, long threshold) {
        if (before.length() == 0) {
            return Slice.of(EMPTY.withThreshold(threshold));
        }
        var state = parse(before);
        long known = state.thresholdOrNone();
        return known >= threshold ? before : Slice.of(state.withThreshold(threshold));
    }

    byte[] withThreshold(long changed) {
        var ot = new StringBuilder("ot=th:").append(Threshold.text(changed));
        if (randomness >= 0) {
            ot.append(";rv:").append(Long.toHexString(Threshold.RANGE | randomness).substring(1));
        }
        for (int field = otFrom; field >= 0 && field < otTo; ) {
            int end = find((byte) ';', field, otTo);
            boolean ours = isKey(field, end, 't', 'h') || isKey(field, end, 'r', 'v');
            boolean formed = find((byte) ':', field, end) < end;
            if (!ours && formed && ot.length() - 3 + 1 + end - field <= MAX_OT_VALUE) {
                ot.append(';').append(text(field, end));
            }
            field = end + 1;
        }
        return joined(ot.toString(), others());
    }

    private List<String> others() {
        var others = new ArrayList<String>();
        for (int start = from; start < to; ) {
            int end = find((byte) ',', start, to);
            int first = trimStart(start, end);
            int last = trimEnd(first, end);
            int equals = find((byte) '=', first, last);
            if (equals > first && equals < last && !isOt(first, equals)) {
                others.add(text(first, last));
            }
            start = end + 1;
        }
        return others;
    }

    private static byte[] joined(String ot, List<String> others) {
        while (others.size() >= MAX_MEMBERS) {
            others.removeLast();
        }
        int length = ot.length() + others.stream().mapToInt(other -> other.length() + 1).sum();
        // W3C: long members go first, then those at the end.
        for (int i = others.size() - 1; i >= 0 && length > MAX_BYTES; i--) {
            if (others.get(i).length() > LONG_MEMBER) {
                length -= others.remove(i).length() + 1;
            }
        }
        while (length > MAX_BYTES && !others.isEmpty()) {
            length -= others.removeLast().length() + 1;
        }
        others.addFirst(ot);
        return String.join(",", others).getBytes(StandardCharsets.ISO_8859_1);
    }

    /// One character for each byte, so that bytes come back as they were.
    private String text(int start, int end) {
        return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
    }
}
