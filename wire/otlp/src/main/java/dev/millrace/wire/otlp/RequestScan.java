package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One pass over one request: checks everything, rejects and repairs spans, and files the rest.
final class RequestScan {

    private static final int RESOURCE_SPANS = 1 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final int SCOPE_SPANS = 2 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final int SPANS = 2 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final int TRACE_ID = 1 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final int RESOURCE = 1 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final int SPAN_ID = 2 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final int PARENT_SPAN_ID = 4 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final int NAME = 5 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final int START_TIME = 7 << 3 | ProtoReader.FIXED64;
    private static final int END_TIME = 8 << 3 | ProtoReader.FIXED64;
    private static final int ATTRIBUTE = 9 << 3 | ProtoReader.LENGTH_DELIMITED;

    private static final int NANOS_PER_SECOND = 1_000_000_000;
    private static final int HEX_SHOWN = 32;

    private final Slice request;
    private final byte[] bytes;
    private final long earliest;
    private final long latest;
    private final SpanLimits limits;
    private final int maxAttributes;
    private final int maxSpans;
    private final MessageCheck check;
    private final TraceTable table;
    private final Map<Rejection, Integer> rejected = new EnumMap<>(Rejection.class);
    private String firstRejection = "";
    private int spans;
    private int accepted;
    private @Nullable Repairs repairs;

    /// Repaired fields, one after another, and the one who writes them; most requests need neither.
    private record Repairs(MessageRepair writer, Output output) {}

    RequestScan(Slice request, SpanLimits limits, long nowNanos, Grouping grouping) {
        this.request = request;
        this.table = new TraceTable(grouping);
        this.bytes = request.array();
        this.limits = limits;
        this.maxAttributes = limits.maxAttributes();
        this.maxSpans = limits.maxRequestSpans();
        this.check = new MessageCheck(bytes, limits);
        // Zero is OTLP for no time at all, whatever the limits.
        this.earliest = Math.max(1, nowNanos - Math.min(nowNanos, limits.maxPastNanos()));
        this.latest = nowNanos + Math.min(Long.MAX_VALUE - nowNanos, limits.maxFutureNanos());
    }

    void run() {
        int position = request.offset();
        int end = position + request.length();
        while (position < end) {
            long tag = Wire.tag(bytes, position, end);
            position = Wire.high(tag);
            if (Wire.low(tag) == RESOURCE_SPANS) {
                long value = Wire.delimited(bytes, position, end);
                resourceSpans(Wire.low(value), Wire.high(value));
                position = Wire.high(value);
            } else {
                position = check.field(Shape.TRACES, Wire.low(tag), position, end);
            }
        }
    }

    /// @see TraceTable#isFineByTrace
    boolean isFineByTrace() {
        return table.isFineByTrace(request.length());
    }

    /// What came of the run.
    Split split() {
        if (repairs == null) {
            return new Split(
                    chunks(Slice.EMPTY.array()), accepted, rejected, Map.of(), firstRejection);
        }
        return new Split(
                chunks(repairs.output.array()),
                accepted,
                rejected,
                repairs.writer.repairs(),
                firstRejection);
    }

    private List<TraceChunk> chunks(byte[] repaired) {
        return table.chunks(request, repaired);
    }

    private void resourceSpans(int from, int to) {
        int group = table.addResource();
        int acceptedBefore = accepted;
        boolean named = false;
        // The last field with a resource: it gets the service name that is missing.
        int resourceStart = -1;
        long resourceTag = 0;
        int position = from;
        while (position < to) {
            int start = position;
            long tag = Wire.tag(bytes, position, to);
            position = Wire.high(tag);
            if (Wire.low(tag) == SCOPE_SPANS) {
                long value = Wire.delimited(bytes, position, to);
                scopeSpans(group, Wire.low(value), Wire.high(value));
                position = Wire.high(value);
            } else if (Wire.low(tag) == RESOURCE) {
                if (resourceStart >= 0) {
                    header(group, Shape.RESOURCE_SPANS, resourceStart, resourceTag, to, false);
                }
                resourceStart = start;
                resourceTag = tag;
                long value = Wire.delimited(bytes, position, to);
                position = Wire.high(value);
                named |= ServiceName.isIn(bytes, Wire.low(value), position);
            } else {
                position = header(group, Shape.RESOURCE_SPANS, start, tag, to, false);
            }
        }
        boolean nameless = !named && accepted > acceptedBefore;
        if (resourceStart >= 0) {
            header(group, Shape.RESOURCE_SPANS, resourceStart, resourceTag, to, nameless);
        } else if (nameless) {
            var made = repairs(ServiceName.UNKNOWN_RESOURCE.length);
            int at = made.output.size();
            made.writer.unknownResource(made.output);
            table.addHeader(group, ~at, made.output.size() - at);
        }
    }

    private void scopeSpans(int resource, int from, int to) {
        int group = table.addScope(resource);
        int position = from;
        while (position < to) {
            int start = position;
            long tag = Wire.tag(bytes, position, to);
            position = Wire.high(tag);
            if (Wire.low(tag) == SPANS) {
                long value = Wire.delimited(bytes, position, to);
                span(group, start, Wire.low(value), Wire.high(value));
                position = Wire.high(value);
            } else {
                position = header(group, Shape.SCOPE_SPANS, start, tag, to, false);
            }
        }
    }

    /// @param nameless whether it is a resource that must be given a service name
    private int header(int group, Shape shape, int start, long tag, int end, boolean nameless) {
        check.reset();
        int after = check.field(shape, Wire.low(tag), Wire.high(tag), end);
        if (check.repairNeeded() || nameless) {
            int from = Wire.low(Wire.delimited(bytes, Wire.high(tag), after));
            var made = repairs(after - from);
            made.writer.nameService(nameless);
            long repaired = repair(shape, Wire.low(tag), from, after);
            made.writer.nameService(false);
            table.addHeader(group, ~Wire.low(repaired), size(repaired));
        } else {
            table.addHeader(group, start, after - start);
        }
        return after;
    }

    /// @param start of the field, its tag
    /// @param from of the message in it
    private void span(int scope, int start, int from, int to) {
        check.reset();
        spans++;
        if (spans > maxSpans) {
            throw new MalformedSpansException(
                    "request: more than " + maxSpans + " spans (expected: at most that many)");
        }
        long none = Wire.pair(from, from);
        long traceId = none;
        long spanId = none;
        long parentSpanId = none;
        long name = none;
        long startTime = 0;
        long endTime = 0;
        int attributes = 0;
        int position = from;
        while (position < to) {
            long tagged = Wire.tag(bytes, position, to);
            int tag = Wire.low(tagged);
            position = Wire.high(tagged);
            switch (tag) {
                case TRACE_ID -> {
                    traceId = Wire.delimited(bytes, position, to);
                    position = Wire.high(traceId);
                }
                case SPAN_ID -> {
                    spanId = Wire.delimited(bytes, position, to);
                    position = Wire.high(spanId);
                }
                case PARENT_SPAN_ID -> {
                    parentSpanId = Wire.delimited(bytes, position, to);
                    position = Wire.high(parentSpanId);
                }
                case NAME -> {
                    name = Wire.delimited(bytes, position, to);
                    position = check.field(Shape.SPAN, tag, position, to);
                }
                case START_TIME -> {
                    int after = check.field(Shape.SPAN, tag, position, to);
                    startTime = (long) LittleEndian.LONG.get(bytes, position);
                    position = after;
                }
                case END_TIME -> {
                    int after = check.field(Shape.SPAN, tag, position, to);
                    endTime = (long) LittleEndian.LONG.get(bytes, position);
                    position = after;
                }
                case ATTRIBUTE -> {
                    position = check.field(Shape.SPAN, tag, position, to);
                    attributes++;
                }
                default -> position = check.field(Shape.SPAN, tag, position, to);
            }
        }
        boolean mend =
                size(name) == 0
                        || Long.compareUnsigned(endTime, startTime) < 0
                        || attributes > maxAttributes;
        if (size(traceId) != 16 || (bits(traceId, 0) | bits(traceId, 8)) == 0) {
            reject(Rejection.TRACE_ID, "trace id", traceId, "16 bytes, not all zero");
        } else if (size(spanId) != 8 || bits(spanId, 0) == 0) {
            reject(Rejection.SPAN_ID, "span id", spanId, "8 bytes, not all zero");
        } else if (size(parentSpanId) != 8 && size(parentSpanId) != 0) {
            reject(Rejection.SPAN_ID, "parent span id", parentSpanId, "8 bytes or none");
        } else if (startTime < earliest || startTime > latest) {
            rejectStart(startTime);
        } else {
            file(bits(traceId, 0), bits(traceId, 8), scope, start, from, to, mend);
        }
    }

    private void file(long high, long low, int scope, int start, int from, int to, boolean mend) {
        accepted++;
        if (mend || check.repairNeeded()) {
            long repaired = repair(Shape.SCOPE_SPANS, SPANS, from, to);
            table.addSpan(high, low, scope, ~Wire.low(repaired), size(repaired));
        } else {
            table.addSpan(high, low, scope, start, to - start);
        }
    }

    /// Writes a field repaired and returns where it lies in the repaired bytes.
    private long repair(Shape shape, int tag, int from, int to) {
        var made = repairs(to - from);
        int start = made.output.size();
        made.writer.field(shape, tag, from, to, made.output);
        return Wire.pair(start, made.output.size());
    }

    private Repairs repairs(int first) {
        var made = repairs;
        if (made == null) {
            made = new Repairs(new MessageRepair(bytes, limits), new Output(2 * first + 256));
            repairs = made;
        }
        return made;
    }

    private void reject(Rejection reason, String name, long range, String expected) {
        count(reason);
        if (firstRejection.isEmpty()) {
            int shown = Math.min(size(range), HEX_SHOWN);
            String hex = HexFormat.of().formatHex(bytes, Wire.low(range), Wire.low(range) + shown);
            firstRejection =
                    name
                            + ": "
                            + (hex.isEmpty() ? "none" : hex)
                            + (shown < size(range) ? "… of " + size(range) + " bytes" : "")
                            + " (expected: "
                            + expected
                            + ")";
        }
    }

    private void rejectStart(long nanos) {
        count(Rejection.START_TIME);
        if (firstRejection.isEmpty()) {
            firstRejection =
                    "start time: "
                            + (nanos == 0 ? "none" : instant(nanos))
                            + " (expected: "
                            + instant(earliest)
                            + " to "
                            + instant(latest)
                            + ")";
        }
    }

    private void count(Rejection reason) {
        rejected.merge(reason, 1, Integer::sum);
    }

    private static Instant instant(long unsignedNanos) {
        return Instant.ofEpochSecond(
                Long.divideUnsigned(unsignedNanos, NANOS_PER_SECOND),
                Long.remainderUnsigned(unsignedNanos, NANOS_PER_SECOND));
    }

    private static int size(long range) {
        return Wire.high(range) - Wire.low(range);
    }

    private long bits(long range, int offset) {
        return Long.reverseBytes((long) LittleEndian.LONG.get(bytes, Wire.low(range) + offset));
    }
}
