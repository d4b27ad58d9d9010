package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.data.UdtValue;
import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.wire.jaeger.JaegerDecoder;
import dev.millrace.wire.jaeger.JaegerFormat;
import dev.millrace.wire.otlp.ProtoWriter;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/// Turns rows of `traces` that Jaeger wrote into OTLP, as its spans from anywhere else: by way of a
/// `jaeger.api_v2.Span`.
final class JaegerSpans {

    // Span
    private static final int TRACE_ID = 1;
    private static final int SPAN_ID = 2;
    private static final int OPERATION_NAME = 3;
    private static final int REFERENCES = 4;
    private static final int FLAGS = 5;
    private static final int START_TIME = 6;
    private static final int DURATION = 7;
    private static final int TAGS = 8;
    private static final int LOGS = 9;
    private static final int PROCESS = 10;

    private static final int REF_TRACE_ID = 1;
    private static final int REF_SPAN_ID = 2;
    private static final int REF_TYPE = 3;

    private static final int LOG_TIME = 1;
    private static final int LOG_FIELDS = 2;

    private static final int SERVICE_NAME = 1;
    private static final int PROCESS_TAGS = 2;

    private static final int KEY = 1;
    private static final int VALUE_TYPE = 2;
    private static final int STRING = 3;
    private static final int BOOL = 4;
    private static final int INT64 = 5;
    private static final int FLOAT64 = 6;
    private static final int BINARY = 7;

    private static final int FOLLOWS_FROM = 1;

    /// The flags that Jaeger knows, and W3C; what OTLP has above them says nothing to Jaeger.
    private static final int KNOWN_FLAGS = 0xff;

    private static final long MICROS = 1_000_000;

    private static final JaegerDecoder DECODER = new JaegerDecoder(Integer.MAX_VALUE - 64);

    private JaegerSpans() {}

    /// @param row with all of Jaeger's columns
    /// @return nothing for a span without an id, which is none
    static Optional<Slice> otlp(TraceId traceId, Row row) {
        long spanId = row.getLong("span_id");
        if (spanId == 0) {
            return Optional.empty();
        }
        var out = new ProtoWriter(512);
        out.bytes(TRACE_ID, Slice.of(JaegerSpanRow.id(traceId).array()));
        out.bytes(SPAN_ID, bytes(spanId));
        out.text(OPERATION_NAME, Columns.text(row, "operation_name"));
        references(out, traceId, row);
        out.number(FLAGS, row.getInt("flags") & KNOWN_FLAGS);
        time(out, START_TIME, row.getLong("start_time"));
        time(out, DURATION, row.getLong("duration"));
        tags(out, TAGS, Columns.list(row, "tags"));
        for (var log : Columns.list(row, "logs")) {
            int from = out.open(LOGS);
            time(out, LOG_TIME, log.getLong("ts"));
            tags(out, LOG_FIELDS, Columns.list(log, "fields"));
            out.close(from);
        }
        var process = row.getUdtValue("process");
        if (process != null) {
            int from = out.open(PROCESS);
            out.text(SERVICE_NAME, Columns.text(process, "service_name"));
            tags(out, PROCESS_TAGS, Columns.list(process, "tags"));
            out.close(from);
        }
        return Optional.of(DECODER.traces(JaegerFormat.SPAN_PROTO, out.finish(), 0));
    }

    private static void references(ProtoWriter out, TraceId traceId, Row row) {
        long parent = row.getLong("parent_id");
        var references = Columns.list(row, "refs");
        // Older rows name the parent nowhere else.
        if (parent != 0
                && references.stream().noneMatch(found -> found.getLong("span_id") == parent)) {
            reference(out, JaegerSpanRow.id(traceId), parent, false);
        }
        for (var reference : references) {
            var trace = reference.getByteBuffer("trace_id");
            long span = reference.getLong("span_id");
            if (trace != null && Walk.traceId(trace).isPresent() && span != 0) {
                boolean followsFrom =
                        JaegerSpanRow.FOLLOWS_FROM.equals(reference.getString("ref_type"));
                reference(out, trace, span, followsFrom);
            }
        }
    }

    private static void reference(
            ProtoWriter out, ByteBuffer traceId, long spanId, boolean followsFrom) {
        int from = out.open(REFERENCES);
        out.bytes(REF_TRACE_ID, Columns.bytes(traceId));
        out.bytes(REF_SPAN_ID, bytes(spanId));
        out.number(REF_TYPE, followsFrom ? FOLLOWS_FROM : 0);
        out.close(from);
    }

    /// A `Timestamp` or a `Duration`, which look alike.
    private static void time(ProtoWriter out, int field, long micros) {
        int from = out.open(field);
        out.number(1, Math.floorDiv(micros, MICROS));
        out.number(2, Math.floorMod(micros, MICROS) * 1_000);
        out.close(from);
    }

    private static void tags(ProtoWriter out, int field, List<UdtValue> tags) {
        for (var tag : tags) {
            int from = out.open(field);
            out.text(KEY, Columns.text(tag, "key"));
            switch (Columns.text(tag, "value_type")) {
                case "bool" ->
                        out.number(VALUE_TYPE, 1)
                                .number(BOOL, tag.getBoolean("value_bool") ? 1 : 0);
                case "int64" -> out.number(VALUE_TYPE, 2).number(INT64, tag.getLong("value_long"));
                case "float64" ->
                        out.number(VALUE_TYPE, 3)
                                .fixed64(
                                        FLOAT64,
                                        Double.doubleToRawLongBits(tag.getDouble("value_double")));
                case "binary" ->
                        out.number(VALUE_TYPE, 4)
                                .bytes(BINARY, Columns.bytes(tag.getByteBuffer("value_binary")));
                default -> out.text(STRING, Columns.text(tag, "value_string"));
            }
            out.close(from);
        }
    }

    private static Slice bytes(long id) {
        return Slice.of(ByteBuffer.allocate(8).putLong(id).array());
    }
}
