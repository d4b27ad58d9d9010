package dev.millrace.wire.jaeger;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;

/// Reads the messages of `jaeger.api_v2` by field number.
///
/// | Message | Fields |
/// |---|---|
/// | `PostSpansRequest` | 1 batch |
/// | `Batch` | 1 spans, 2 process |
/// | `Span` | 1 trace_id, 2 span_id, 3 operation_name, 4 references, 5 flags, 6 start_time, 7 duration, 8 tags, 9 logs, 10 process, 12 warnings |
/// | `SpanRef` | 1 trace_id, 2 span_id, 3 ref_type |
/// | `Log` | 1 timestamp, 2 fields |
/// | `Process` | 1 service_name, 2 tags |
/// | `KeyValue` | 1 key, 2 v_type, 3 v_str, 4 v_bool, 5 v_int64, 6 v_float64, 7 v_binary |
final class ProtoSpans {

    private static final int V = ProtoReader.VARINT;
    private static final int L = ProtoReader.LENGTH_DELIMITED;
    private static final int D = ProtoReader.FIXED64;

    private static final int REQUEST_BATCH = 1 << 3 | L;
    private static final int BATCH_SPANS = 1 << 3 | L;
    private static final int BATCH_PROCESS = 2 << 3 | L;
    private static final int SPAN_TRACE_ID = 1 << 3 | L;
    private static final int SPAN_SPAN_ID = 2 << 3 | L;
    private static final int SPAN_OPERATION_NAME = 3 << 3 | L;
    private static final int SPAN_REFERENCES = 4 << 3 | L;
    private static final int SPAN_FLAGS = 5 << 3 | V;
    private static final int SPAN_START_TIME = 6 << 3 | L;
    private static final int SPAN_DURATION = 7 << 3 | L;
    private static final int SPAN_TAGS = 8 << 3 | L;
    private static final int SPAN_LOGS = 9 << 3 | L;
    private static final int SPAN_PROCESS = 10 << 3 | L;
    private static final int SPAN_WARNINGS = 12 << 3 | L;
    private static final int REF_TRACE_ID = 1 << 3 | L;
    private static final int REF_SPAN_ID = 2 << 3 | L;
    private static final int REF_TYPE = 3 << 3 | V;
    private static final int LOG_TIMESTAMP = 1 << 3 | L;
    private static final int LOG_FIELDS = 2 << 3 | L;
    private static final int PROCESS_SERVICE_NAME = 1 << 3 | L;
    private static final int PROCESS_TAGS = 2 << 3 | L;
    private static final int TIME_SECONDS = 1 << 3 | V;
    private static final int TIME_NANOS = 2 << 3 | V;
    private static final int TAG_KEY = 1 << 3 | L;
    private static final int TAG_TYPE = 2 << 3 | V;
    private static final int TAG_STRING = 3 << 3 | L;
    private static final int TAG_BOOL = 4 << 3 | V;
    private static final int TAG_INT64 = 5 << 3 | V;
    private static final int TAG_FLOAT64 = 6 << 3 | D;
    private static final int TAG_BINARY = 7 << 3 | L;

    private final SpanSink sink;
    private final byte[] bytes;
    private final Tag tag = new Tag();

    ProtoSpans(Slice body, SpanSink sink) {
        this.sink = sink;
        bytes = body.array();
    }

    void request(Slice body) {
        var reader = ProtoReader.of(body);
        for (int field = reader.next(); field != 0; field = reader.next()) {
            if (field == REQUEST_BATCH) {
                batch(reader);
            } else {
                reader.skip();
            }
        }
    }

    // The process is written behind the spans it belongs to, so it is looked for first.
    private void batch(ProtoReader in) {
        int length = in.lengthDelimited();
        int offset = in.position() - length;
        sink.beginProcess();
        var processes = new ProtoReader(bytes, offset, length);
        for (int field = processes.next(); field != 0; field = processes.next()) {
            if (field == BATCH_PROCESS) {
                process(processes);
            } else {
                processes.skip();
            }
        }
        var spans = new ProtoReader(bytes, offset, length);
        for (int field = spans.next(); field != 0; field = spans.next()) {
            if (field == BATCH_SPANS) {
                span(nested(spans));
            } else {
                spans.skip();
            }
        }
    }

    void span(ProtoReader in) {
        sink.beginSpan();
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case SPAN_TRACE_ID -> {
                    int length = in.lengthDelimited();
                    int at = in.position() - length;
                    sink.traceId(isTraceId(length), high(at, length), low(at, length));
                }
                case SPAN_SPAN_ID -> {
                    int length = in.lengthDelimited();
                    sink.spanId(length == 8, low(in.position() - length, length));
                }
                case SPAN_OPERATION_NAME -> {
                    int length = in.lengthDelimited();
                    sink.name(bytes, in.position() - length, length);
                }
                case SPAN_REFERENCES -> reference(nested(in));
                case SPAN_FLAGS -> sink.flags((int) in.varint());
                case SPAN_START_TIME -> sink.start(nanos(nested(in)));
                case SPAN_DURATION -> sink.duration(nanos(nested(in)));
                case SPAN_TAGS -> {
                    tag(in);
                    sink.spanTag(tag);
                }
                case SPAN_LOGS -> log(nested(in));
                case SPAN_PROCESS -> {
                    sink.beginProcess();
                    process(in);
                }
                case SPAN_WARNINGS -> {
                    int length = in.lengthDelimited();
                    sink.warning(bytes, in.position() - length, length);
                }
                default -> in.skip();
            }
        }
        sink.endSpan();
    }

    private void reference(ProtoReader in) {
        long high = 0;
        long low = 0;
        long span = 0;
        int type = SpanSink.CHILD_OF;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case REF_TRACE_ID -> {
                    int length = in.lengthDelimited();
                    int at = in.position() - length;
                    high = high(at, length);
                    low = low(at, length);
                }
                case REF_SPAN_ID -> {
                    int length = in.lengthDelimited();
                    span = length == 8 ? low(in.position() - 8, 8) : 0;
                }
                case REF_TYPE -> type = (int) in.varint();
                default -> in.skip();
            }
        }
        sink.reference(type, high, low, span);
    }

    private void log(ProtoReader in) {
        var events = sink.events();
        events.begin();
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case LOG_TIMESTAMP -> events.time(nanos(nested(in)));
                case LOG_FIELDS -> {
                    tag(in);
                    events.field(tag);
                }
                default -> in.skip();
            }
        }
        events.end();
    }

    private void process(ProtoReader outer) {
        var in = nested(outer);
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case PROCESS_SERVICE_NAME -> {
                    int length = in.lengthDelimited();
                    sink.serviceName(bytes, in.position() - length, length);
                }
                case PROCESS_TAGS -> {
                    tag(in);
                    sink.processTag(tag);
                }
                default -> in.skip();
            }
        }
    }

    private void tag(ProtoReader outer) {
        var in = nested(outer);
        tag.clear();
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case TAG_KEY -> {
                    int length = in.lengthDelimited();
                    tag.key(bytes, in.position() - length, length);
                }
                case TAG_TYPE -> tag.type(type(in.varint()));
                case TAG_STRING -> {
                    int length = in.lengthDelimited();
                    tag.text(bytes, in.position() - length, length);
                }
                case TAG_BOOL -> tag.bool(in.varint() != 0);
                case TAG_INT64 -> tag.number(in.varint());
                case TAG_FLOAT64 -> tag.real(Double.longBitsToDouble(in.fixed64()));
                case TAG_BINARY -> {
                    int length = in.lengthDelimited();
                    tag.binary(bytes, in.position() - length, length);
                }
                default -> in.skip();
            }
        }
    }

    private static int type(long value) {
        if (value < Tag.STRING || value > Tag.BINARY) {
            throw new MalformedSpansException("tag type: " + value + " (expected: 0 to 4)");
        }
        return (int) value;
    }

    private static long nanos(ProtoReader in) {
        long seconds = 0;
        long nanos = 0;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case TIME_SECONDS -> seconds = in.varint();
                case TIME_NANOS -> nanos = (int) in.varint();
                default -> in.skip();
            }
        }
        return Time.nanos(seconds, nanos);
    }

    private ProtoReader nested(ProtoReader in) {
        int length = in.lengthDelimited();
        return new ProtoReader(bytes, in.position() - length, length);
    }

    // Old clients write 64-bit trace ids in eight bytes.
    private static boolean isTraceId(int length) {
        return length == 16 || length == 8;
    }

    private long high(int at, int length) {
        return length == 16 ? OtlpBuffer.bigEndian(bytes, at) : 0;
    }

    private long low(int at, int length) {
        return isTraceId(length) ? OtlpBuffer.bigEndian(bytes, at + length - 8) : 0;
    }
}
