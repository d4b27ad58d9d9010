package dev.millrace.wire.jaeger;

import dev.millrace.model.Slice;
import java.util.Locale;

/// Writes tags as OTLP attributes and keeps aside those that are fields of an OTLP span.
final class AttributeWriter {

    private static final int KEY = 1;
    private static final int VALUE = 2;
    private static final int STRING_VALUE = 1;
    private static final int BOOL_VALUE = 2;
    private static final int INT_VALUE = 3;
    private static final int DOUBLE_VALUE = 4;
    private static final int ARRAY_VALUE = 5;
    private static final int BYTES_VALUE = 7;
    private static final int ARRAY_VALUES = 1;

    private static final int SERVER = 2;
    private static final int CLIENT = 3;
    private static final int OK = 1;
    private static final int FAILED = 2;

    private final int field;
    private final OtlpBuffer out;
    private final OtlpBuffer warnings;

    private int kind;
    private boolean error;
    private Slice traceState = Slice.EMPTY;
    private Slice scopeName = Slice.EMPTY;
    private Slice scopeVersion = Slice.EMPTY;
    private Slice code = Slice.EMPTY;
    private Slice description = Slice.EMPTY;
    private Slice httpMessage = Slice.EMPTY;
    private long httpCode;
    private int statusCode;
    private Slice statusMessage = Slice.EMPTY;

    /// @param field the number of the field of type `KeyValue` that an attribute becomes
    AttributeWriter(int field, int maxBytes) {
        this.field = field;
        out = new OtlpBuffer(512, maxBytes);
        warnings = new OtlpBuffer(0, maxBytes);
    }

    void clear() {
        out.clear();
        warnings.clear();
        kind = 0;
        error = false;
        traceState = Slice.EMPTY;
        scopeName = Slice.EMPTY;
        scopeVersion = Slice.EMPTY;
        code = Slice.EMPTY;
        description = Slice.EMPTY;
        httpMessage = Slice.EMPTY;
        httpCode = 0;
        statusCode = 0;
        statusMessage = Slice.EMPTY;
    }

    OtlpBuffer bytes() {
        return out;
    }

    int kind() {
        return kind;
    }

    int statusCode() {
        return statusCode;
    }

    Slice statusMessage() {
        return statusMessage;
    }

    Slice traceState() {
        return traceState;
    }

    Slice scopeName() {
        return scopeName;
    }

    Slice scopeVersion() {
        return scopeVersion;
    }

    /// A tag of a span. Lengths come first, since nearly all keys fail there.
    void spanTag(Tag tag) {
        boolean taken =
                switch (tag.keyLength()) {
                    case 5 -> tag.keyIs(Names.ERROR) && failed(tag);
                    case 9 -> tag.isText() && tag.keyIs(Names.SPAN_KIND) && kind(tag);
                    case 14, 15, 17, 18, 20 -> tag.isText() && scopeOrState(tag);
                    case 16, 19, 23 -> status(tag);
                    default -> false;
                };
        if (!taken) {
            write(tag);
        }
    }

    private boolean failed(Tag tag) {
        boolean failed = tag.type() == Tag.BOOL && tag.bool();
        error |= failed;
        return failed;
    }

    private boolean kind(Tag tag) {
        int number =
                switch (value(tag).toText()) {
                    case "internal" -> 1;
                    case "server" -> SERVER;
                    case "client" -> CLIENT;
                    case "producer" -> 4;
                    case "consumer" -> 5;
                    default -> 0;
                };
        kind = number == 0 ? kind : number;
        return number != 0;
    }

    private boolean scopeOrState(Tag tag) {
        if (tag.keyIs(Names.TRACE_STATE)) {
            traceState = value(tag);
        } else if (tag.keyIs(Names.SCOPE_NAME) || tag.keyIs(Names.LIBRARY_NAME)) {
            scopeName = value(tag);
        } else if (tag.keyIs(Names.SCOPE_VERSION) || tag.keyIs(Names.LIBRARY_VERSION)) {
            scopeVersion = value(tag);
        } else {
            return false;
        }
        return true;
    }

    private boolean status(Tag tag) {
        if (tag.keyIs(Names.HTTP_STATUS_CODE)) {
            httpCode = tag.isText() ? httpCode(value(tag)) : tag.number();
        } else if (tag.isText()) {
            if (tag.keyIs(Names.STATUS_CODE)) {
                code = value(tag);
                return true;
            }
            if (tag.keyIs(Names.STATUS_DESCRIPTION)) {
                description = value(tag);
                return true;
            }
            if (tag.keyIs(Names.HTTP_STATUS_MESSAGE)) {
                httpMessage = value(tag);
            }
        }
        return false;
    }

    private static long httpCode(Slice text) {
        try {
            return text.length() > 3 ? 0 : Integer.parseInt(text.toText());
        } catch (NumberFormatException _) {
            // Not a code, so it says nothing about the status and stays a mere attribute.
            return 0;
        }
    }

    void warning(byte[] bytes, int offset, int length) {
        int from = warnings.begin(ARRAY_VALUES);
        warnings.bytes(STRING_VALUE, bytes, offset, length);
        warnings.end(from);
    }

    /// Jaeger's flags as a whole, when they say more than that the span is sampled.
    void flags(int flags) {
        if ((flags & ~1) != 0) {
            int pair = key(Names.JAEGER_FLAGS, 0, Names.JAEGER_FLAGS.length);
            int value = out.begin(VALUE);
            out.number(INT_VALUE, Integer.toUnsignedLong(flags));
            out.end(value);
            out.end(pair);
        }
    }

    /// Decides on the status once all tags are known: `error` says most, then an explicit code,
    /// then the code of an HTTP answer.
    void finish() {
        if (warnings.size() > 0) {
            int pair = key(Names.WARNINGS, 0, Names.WARNINGS.length);
            int value = out.begin(VALUE);
            int array = out.begin(ARRAY_VALUE);
            out.append(warnings);
            out.end(array);
            out.end(value);
            out.end(pair);
        }
        boolean explicit = code.length() > 0;
        if (error) {
            statusCode = FAILED;
        } else if (explicit) {
            statusCode =
                    switch (code.toText().toUpperCase(Locale.ROOT)) {
                        case "OK" -> OK;
                        case "ERROR" -> FAILED;
                        default -> 0;
                    };
        } else if (httpCode >= 500 || (httpCode >= 400 && kind == CLIENT)) {
            statusCode = FAILED;
        }
        if (error || explicit) {
            statusMessage = description.length() == 0 && error ? httpMessage : description;
            return;
        }
        if (statusCode != 0) {
            statusMessage = httpMessage;
        }
        if (description.length() > 0) {
            text(
                    Names.STATUS_DESCRIPTION,
                    description.array(),
                    description.offset(),
                    description.length());
        }
    }

    void write(Tag tag) {
        int pair = key(tag.keyArray(), tag.keyOffset(), tag.keyLength());
        int value = out.begin(VALUE);
        switch (tag.type()) {
            case Tag.BOOL -> out.number(BOOL_VALUE, tag.bool() ? 1 : 0);
            case Tag.INT64 -> out.number(INT_VALUE, tag.number());
            case Tag.FLOAT64 -> out.fixed64(DOUBLE_VALUE, Double.doubleToRawLongBits(tag.real()));
            case Tag.BINARY ->
                    out.bytes(BYTES_VALUE, tag.array(), tag.valueOffset(), tag.valueLength());
            default -> out.bytes(STRING_VALUE, tag.array(), tag.valueOffset(), tag.valueLength());
        }
        out.end(value);
        out.end(pair);
    }

    void text(byte[] key, byte[] bytes, int offset, int length) {
        text(out, field, key, bytes, offset, length);
    }

    static void text(OtlpBuffer out, int field, byte[] key, byte[] value) {
        text(out, field, key, value, 0, value.length);
    }

    private static void text(
            OtlpBuffer out, int field, byte[] key, byte[] bytes, int offset, int length) {
        int pair = out.begin(field);
        out.bytes(KEY, key);
        int value = out.begin(VALUE);
        out.bytes(STRING_VALUE, bytes, offset, length);
        out.end(value);
        out.end(pair);
    }

    static Slice value(Tag tag) {
        return Slice.of(tag.array(), tag.valueOffset(), tag.valueLength());
    }

    private int key(byte[] bytes, int offset, int length) {
        int pair = out.begin(field);
        out.bytes(KEY, bytes, offset, length);
        return pair;
    }
}
