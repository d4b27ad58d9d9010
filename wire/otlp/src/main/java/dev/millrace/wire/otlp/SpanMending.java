package dev.millrace.wire.otlp;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// What of a span's own fields is replaced when it is repaired: an empty name, and an end before
/// the start.
///
/// @param start nanoseconds since the epoch, as is the end; 0 for none
record SpanMending(boolean nameless, boolean endsBeforeStart, long start, long end) {

    static final SpanMending NONE = new SpanMending(false, false, 0, 0);

    private static final int NAME = ProtoReader.tag(5, ProtoReader.LENGTH_DELIMITED);
    private static final int START = ProtoReader.tag(7, ProtoReader.FIXED64);
    private static final int END = ProtoReader.tag(8, ProtoReader.FIXED64);

    private static final String SAID_END = "millrace.end_time_unix_nano";
    private static final byte[] EMPTY_NAME = "empty-span-name".getBytes(StandardCharsets.UTF_8);

    /// @param from where a well-formed span begins
    static SpanMending of(byte[] bytes, int from, int to) {
        int name = 0;
        long start = 0;
        long end = 0;
        var span = new ProtoReader(bytes, from, to - from);
        for (int tag = span.next(); tag != 0; tag = span.next()) {
            if (tag == NAME) {
                name = span.lengthDelimited();
            } else if (tag == START) {
                start = span.fixed64();
            } else if (tag == END) {
                end = span.fixed64();
            } else {
                span.skip();
            }
        }
        return new SpanMending(name == 0, Long.compareUnsigned(end, start) < 0, start, end);
    }

    boolean replaces(int tag) {
        return (nameless && tag == NAME) || (endsBeforeStart && tag == END);
    }

    void write(Output output, Consumer<Repair> repaired) {
        if (nameless) {
            repaired.accept(Repair.NAME_EMPTY);
            output.delimited(NAME, EMPTY_NAME);
        }
        if (endsBeforeStart) {
            repaired.accept(Repair.END_BEFORE_START);
            output.varint(END);
            output.fixed64(start);
            if (end != 0) {
                var value = new ProtoWriter(16).number(3, end).finish();
                var said = new ProtoWriter(64).text(1, SAID_END).bytes(2, value).finish();
                output.delimited(
                        ProtoReader.tag(9, ProtoReader.LENGTH_DELIMITED), said.toByteArray());
            }
        }
    }
}
