package dev.millrace.wire.otlp;

import static dev.millrace.wire.otlp.ProtoReader.FIXED32;
import static dev.millrace.wire.otlp.ProtoReader.FIXED64;
import static dev.millrace.wire.otlp.ProtoReader.LENGTH_DELIMITED;
import static dev.millrace.wire.otlp.ProtoReader.VARINT;

import org.jspecify.annotations.Nullable;

/// What the known fields of one OTLP message hold: the schema that [MessageCheck] checks by and
/// [MessageRepair] rewrites by, looked up by tag.
final class Shape {

    /// Not known here, or a number: only its wire type says how long it is.
    static final byte OTHER = 0;

    /// A known field with a wire type it cannot have.
    static final byte WRONG = 1;

    /// Text, UTF-8.
    static final byte TEXT = 2;

    /// A nested message.
    static final byte MESSAGE = 3;

    /// An attribute of a span, event, link, resource or scope.
    static final byte ATTRIBUTE = 4;

    /// An attribute's text, UTF-8 and limited in length.
    static final byte VALUE_TEXT = 5;

    /// An attribute's bytes, limited in length.
    static final byte VALUE_BYTES = 6;

    /// A message of attribute values inside an attribute value, limited in depth.
    static final byte CONTAINER = 7;

    /// A link of a span.
    static final byte LINK_OF_SPAN = 8;

    static final Shape ANY_VALUE = new Shape();
    static final Shape KEY_VALUE = new Shape();
    private static final Shape ARRAY = new Shape().message(1, MESSAGE, ANY_VALUE);
    private static final Shape KEY_VALUES = new Shape().message(1, MESSAGE, KEY_VALUE);
    private static final Shape ENTITY = new Shape().texts(1, 2, 3, 4);
    private static final Shape STATUS = new Shape().texts(2).numbers(VARINT, 3);
    private static final Shape EVENT =
            new Shape()
                    .droppedAttributes(4)
                    .numbers(FIXED64, 1)
                    .texts(2)
                    .message(3, ATTRIBUTE, KEY_VALUE)
                    .numbers(VARINT, 4);
    static final Shape LINK =
            new Shape()
                    .droppedAttributes(5)
                    .bytes(1, 2)
                    .texts(3)
                    .message(4, ATTRIBUTE, KEY_VALUE)
                    .numbers(VARINT, 5)
                    .numbers(FIXED32, 6);
    static final Shape SPAN =
            new Shape()
                    .droppedAttributes(10)
                    .bytes(1, 2, 4)
                    .texts(3, 5)
                    .numbers(VARINT, 6, 10, 12, 14)
                    .numbers(FIXED64, 7, 8)
                    .message(9, ATTRIBUTE, KEY_VALUE)
                    .message(11, MESSAGE, EVENT)
                    .message(13, LINK_OF_SPAN, LINK)
                    .message(15, MESSAGE, STATUS)
                    .numbers(FIXED32, 16);
    static final Shape RESOURCE =
            new Shape()
                    .droppedAttributes(2)
                    .message(1, ATTRIBUTE, KEY_VALUE)
                    .numbers(VARINT, 2)
                    .message(3, MESSAGE, ENTITY);
    private static final Shape SCOPE =
            new Shape()
                    .droppedAttributes(4)
                    .texts(1, 2)
                    .message(3, ATTRIBUTE, KEY_VALUE)
                    .numbers(VARINT, 4);
    static final Shape SCOPE_SPANS =
            new Shape().message(1, MESSAGE, SCOPE).message(2, MESSAGE, SPAN).texts(3);
    static final Shape RESOURCE_SPANS =
            new Shape().message(1, MESSAGE, RESOURCE).message(2, MESSAGE, SCOPE_SPANS).texts(3);
    static final Shape TRACES = new Shape().message(1, MESSAGE, RESOURCE_SPANS);

    static {
        ANY_VALUE
                .known(1, LENGTH_DELIMITED, VALUE_TEXT)
                .numbers(VARINT, 2, 3, 8)
                .numbers(FIXED64, 4)
                .message(5, CONTAINER, ARRAY)
                .message(6, CONTAINER, KEY_VALUES)
                .known(7, LENGTH_DELIMITED, VALUE_BYTES);
        KEY_VALUE.texts(1).message(2, MESSAGE, ANY_VALUE).numbers(VARINT, 3);
    }

    private static final int MAX_FIELD = 16;

    private final byte[] contents = new byte[(MAX_FIELD + 1) << 3];
    private final @Nullable Shape[] children = new Shape[MAX_FIELD + 1];

    private int droppedAttributes;

    private Shape() {}

    /// The tag of the count of attributes that were left out; 0 where there is none.
    int droppedAttributes() {
        return droppedAttributes;
    }

    private Shape droppedAttributes(int field) {
        droppedAttributes = ProtoReader.tag(field, VARINT);
        return this;
    }

    /// What the field of a tag holds.
    int content(int tag) {
        return tag >= 0 && tag < contents.length ? contents[tag] : OTHER;
    }

    /// The shape of the message in the field of a tag, one of the message contents.
    Shape child(int tag) {
        var child = children[tag >>> 3];
        if (child == null) {
            throw new IllegalArgumentException(
                    "tag: " + tag + " (expected: of a field that holds a message)");
        }
        return child;
    }

    private Shape texts(int... fields) {
        for (int field : fields) {
            known(field, LENGTH_DELIMITED, TEXT);
        }
        return this;
    }

    private Shape bytes(int... fields) {
        return numbers(LENGTH_DELIMITED, fields);
    }

    private Shape numbers(int wireType, int... fields) {
        for (int field : fields) {
            known(field, wireType, OTHER);
        }
        return this;
    }

    private Shape message(int field, byte content, Shape child) {
        children[field] = child;
        return known(field, LENGTH_DELIMITED, content);
    }

    private Shape known(int field, int wireType, byte content) {
        for (int type = 0; type < 8; type++) {
            contents[(field << 3) | type] = type == wireType ? content : WRONG;
        }
        return this;
    }
}
