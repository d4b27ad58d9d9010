package dev.millrace.wire.zipkin;

import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.Utf8;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Walks JSON strictly by RFC 8259, without an object per value.
final class JsonCursor {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH = 0x8080_8080_8080_8080L;
    private static final long QUOTES = '"' * ONES;
    private static final long BACKSLASHES = '\\' * ONES;
    private static final long SPACES = ' ' * ONES;

    private static final int MAX_DEPTH = 64;
    private static final int REPLACEMENT = 0xfffd;
    private static final int MAX_SHOWN = 64;

    private final byte[] bytes;
    private final int start;
    private final int end;
    private final Texts texts;
    private int at;

    JsonCursor(byte[] bytes, int from, int to, Texts texts) {
        this.bytes = bytes;
        this.start = from;
        this.at = from;
        this.end = to;
        this.texts = texts;
    }

    /// The first byte of the next token, or -1 at the end.
    int peek() {
        while (at < end) {
            byte b = bytes[at];
            if (b > ' ') {
                return b;
            }
            if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
                return b & 0xff;
            }
            at++;
        }
        return -1;
    }

    /// Moves past a token of one byte.
    void expect(char token) {
        if (peek() != token) {
            throw unexpected("'" + token + "'");
        }
        at++;
    }

    /// Moves to the first member of an object or element of a list; false when there is none.
    boolean begin(char open, char close) {
        expect(open);
        if (peek() == close) {
            at++;
            return false;
        }
        return true;
    }

    /// Moves to the next member or element; false after the last.
    boolean more(char close) {
        int next = peek();
        if (next == ',') {
            at++;
            return true;
        }
        if (next == close) {
            at++;
            return false;
        }
        throw unexpected("',' or '" + close + "'");
    }

    /// A member's name, and past the colon after it.
    long name() {
        long name = text();
        if (at < end && bytes[at] == ':') {
            at++;
        } else {
            expect(':');
        }
        return name;
    }

    /// Whether the next value is null, and past it then.
    boolean skippedNull() {
        if (peek() == 'n') {
            literal("null");
            return true;
        }
        return false;
    }

    boolean bool() {
        if (peek() == 't') {
            literal("true");
            return true;
        }
        if (peek() != 'f') {
            throw unexpected("true or false");
        }
        literal("false");
        return false;
    }

    /// A text in quotes.
    long text() {
        if (at >= end || bytes[at] != '"') {
            if (peek() != '"') {
                throw unexpected("a text in quotes");
            }
        }
        int from = at + 1;
        int i = from;
        long high = 0;
        while (i <= end - Long.BYTES) {
            long word = (long) LONG.get(bytes, i);
            long stops = stops(word);
            if (stops != 0) {
                int bits = Long.numberOfTrailingZeros(stops) & ~7;
                high |= word & HIGH & ((1L << bits) - 1);
                return stopped(from, i + (bits >>> 3), high != 0);
            }
            high |= word & HIGH;
            i += Long.BYTES;
        }
        boolean wide = high != 0;
        while (i < end && bytes[i] != '"' && bytes[i] != '\\' && (bytes[i] & 0xff) >= ' ') {
            wide |= bytes[i++] < 0;
        }
        return stopped(from, i, wide);
    }

    // The lowest byte marked is one that ends plain text; those above may be marked in error.
    private static long stops(long word) {
        long quote = word ^ QUOTES;
        long backslash = word ^ BACKSLASHES;
        return (((quote - ONES) & ~quote)
                        | ((backslash - ONES) & ~backslash)
                        | ((word - SPACES) & ~word))
                & HIGH;
    }

    private long stopped(int from, int i, boolean wide) {
        if (i < end && bytes[i] == '"') {
            if (wide) {
                requireUtf8(from, i);
            }
            at = i + 1;
            return Texts.inBody(from, i);
        }
        at = i;
        return escaped(from);
    }

    private void requireUtf8(int from, int to) {
        if (!Utf8.isValid(bytes, from, to)) {
            at = from;
            throw malformed("a text that is not UTF-8");
        }
    }

    private long escaped(int begin) {
        int mark = texts.mark();
        int from = begin;
        while (true) {
            while (at < end && bytes[at] != '"' && bytes[at] != '\\' && (bytes[at] & 0xff) >= ' ') {
                at++;
            }
            int stop = at;
            requireUtf8(from, stop);
            at = stop;
            texts.append(bytes, from, stop - from);
            if (at >= end) {
                throw malformed("the end of the body inside a text");
            }
            if (bytes[at] == '"') {
                at++;
                return texts.since(mark);
            }
            if (bytes[at] != '\\') {
                throw malformed("control character " + bytes[at] + " in a text");
            }
            at++;
            texts.append(escape());
            from = at;
        }
    }

    private int escape() {
        if (at >= end) {
            throw malformed("the end of the body inside a text");
        }
        return switch (bytes[at++]) {
            case '"' -> '"';
            case '\\' -> '\\';
            case '/' -> '/';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> unicode();
            default -> {
                at--;
                throw malformed("an unknown escape in a text");
            }
        };
    }

    // Half a surrogate pair is valid JSON but no character.
    private int unicode() {
        int unit = hexUnit();
        if (!Character.isSurrogate((char) unit)) {
            return unit;
        }
        if (Character.isHighSurrogate((char) unit)
                && end - at >= 6
                && bytes[at] == '\\'
                && bytes[at + 1] == 'u') {
            int back = at;
            at += 2;
            int low = hexUnit();
            if (Character.isLowSurrogate((char) low)) {
                return Character.toCodePoint((char) unit, (char) low);
            }
            at = back;
        }
        return REPLACEMENT;
    }

    private int hexUnit() {
        if (end - at < 4) {
            throw malformed("the end of the body inside a text");
        }
        int unit = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(bytes[at], 16);
            if (digit < 0) {
                throw malformed("an escape without four hexadecimal digits");
            }
            unit = (unit << 4) | digit;
            at++;
        }
        return unit;
    }

    /// A whole number, as such or in quotes; what does not fit becomes the nearest that does.
    long integer() {
        if (peek() == '"') {
            long text = text();
            if (Texts.length(text) == 0 || Texts.length(text) > MAX_SHOWN) {
                throw malformed("a text (expected: a number)");
            }
            try {
                return nearest(checkedNumber(text));
            } catch (NumberFormatException _) {
                throw malformed("'" + texts.string(text) + "' (expected: a number)");
            }
        }
        int from = at;
        long value = 0;
        while (at < end && bytes[at] >= '0' && bytes[at] <= '9' && at - from < 18) {
            value = value * 10 + (bytes[at++] - '0');
        }
        if (at > from
                && (bytes[from] != '0' || at == from + 1)
                && (at >= end || !isNumber(bytes[at]))) {
            return value;
        }
        at = from;
        long text = number();
        if (Texts.length(text) > MAX_SHOWN) {
            throw malformed("a number of " + Texts.length(text) + " digits");
        }
        return nearest(texts.string(text));
    }

    // A double would round what a long has exactly.
    private static long nearest(String number) {
        if (number.chars().noneMatch(c -> c == '.' || c == 'e' || c == 'E')) {
            try {
                return Long.parseLong(number);
            } catch (NumberFormatException _) {
                // too large, or no number at all, as the next line finds
            }
        }
        return (long) Double.parseDouble(number);
    }

    private String checkedNumber(long text) {
        String digits = texts.string(text);
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c > '~' || !isNumber((byte) c)) {
                throw new NumberFormatException(digits);
            }
        }
        return digits;
    }

    private static boolean isNumber(byte b) {
        return (b >= '0' && b <= '9') || b == '.' || b == 'e' || b == 'E' || b == '+' || b == '-';
    }

    /// The text of a number.
    long number() {
        peek();
        int from = at;
        if (at < end && bytes[at] == '-') {
            at++;
        }
        if (at < end && bytes[at] == '0') {
            at++;
        } else {
            digits();
        }
        if (at < end && bytes[at] == '.') {
            at++;
            digits();
        }
        if (at < end && (bytes[at] == 'e' || bytes[at] == 'E')) {
            at++;
            if (at < end && (bytes[at] == '+' || bytes[at] == '-')) {
                at++;
            }
            digits();
        }
        if (at < end && isNumber(bytes[at])) {
            throw unexpected("the end of a number");
        }
        return Texts.inBody(from, at);
    }

    private void digits() {
        int from = at;
        while (at < end && bytes[at] >= '0' && bytes[at] <= '9') {
            at++;
        }
        if (at == from) {
            throw unexpected("a digit");
        }
    }

    private void literal(String word) {
        int length = word.length();
        if (end - at < length) {
            throw unexpected(word);
        }
        for (int i = 0; i < length; i++) {
            if (bytes[at + i] != word.charAt(i)) {
                throw unexpected(word);
            }
        }
        at += length;
    }

    /// A text, or a number or truth value as its text.
    long scalar() {
        int next = peek();
        if (next == '"') {
            return text();
        }
        int from = at;
        if (next == 't' || next == 'f') {
            bool();
            return Texts.inBody(from, at);
        }
        if (next == '-' || (next >= '0' && next <= '9')) {
            return number();
        }
        throw unexpected("a text, a number, true or false");
    }

    /// Moves past a value of any kind.
    void skip() {
        skip(MAX_DEPTH);
    }

    private void skip(int depth) {
        if (depth == 0) {
            throw malformed("nesting deeper than " + MAX_DEPTH);
        }
        switch (peek()) {
            case '{' -> {
                boolean more = begin('{', '}');
                while (more) {
                    peek();
                    name();
                    skip(depth - 1);
                    more = more('}');
                }
            }
            case '[' -> {
                boolean more = begin('[', ']');
                while (more) {
                    skip(depth - 1);
                    more = more(']');
                }
            }
            case 'n' -> literal("null");
            default -> scalar();
        }
    }

    /// Refuses anything more but space.
    void expectEnd() {
        // Zipkin's own encoder sizes a text with U+2028 or U+2029 wrongly and ends in zeros then.
        int next = peek();
        while (next == 0) {
            at++;
            next = peek();
        }
        if (next != -1) {
            throw unexpected("the end of the body");
        }
    }

    MalformedSpansException unexpected(String expected) {
        String found =
                at >= end
                        ? "the end of the body"
                        : bytes[at] > ' '
                                ? "'" + (char) bytes[at] + "'"
                                : "byte 0x%02x".formatted(bytes[at] & 0xff);
        return malformed(found + " (expected: " + expected + ")");
    }

    MalformedSpansException malformed(String what) {
        return new MalformedSpansException("not Zipkin JSON: " + what + place());
    }

    /// Where the cursor is, for messages.
    String place() {
        return " (at byte " + (at - start) + ")";
    }

    static String shown(Texts texts, long text) {
        int length = Texts.length(text);
        int shown = Math.min(length, MAX_SHOWN);
        return new String(texts.array(text), Texts.from(text), shown, StandardCharsets.UTF_8)
                + (shown < length ? "… of " + length + " bytes" : "");
    }
}
