package dev.millrace.query;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.ProtoReader;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Reads the requests of both of Jaeger's query services, whose fields have the same numbers.
///
/// | Message | Fields |
/// |---|---|
/// | `GetTraceRequest`, `ArchiveTraceRequest` | 1 trace_id, 2 start_time, 3 end_time, 4 raw_traces |
/// | `FindTracesRequest`, `FindTraceSummariesRequest` | 1 query |
/// | `TraceQueryParameters` | 1 service_name, 2 operation_name, 3 tags or attributes, 4 start_time_min, 5 start_time_max, 6 duration_min, 7 duration_max, 8 search_depth, 9 raw_traces, 10 filter |
/// | `GetOperationsRequest` | 1 service, 2 span_kind |
/// | `GetDependenciesRequest` | 1 start_time, 2 end_time |
final class JaegerProto {

    private static final int L = ProtoReader.LENGTH_DELIMITED;
    private static final int V = ProtoReader.VARINT;

    private static final long NANOS = 1_000_000_000L;
    private static final long MAX_SECONDS = Long.MAX_VALUE / NANOS - 1;

    // What clients written in Go send for a time that they do not set: the year 1.
    private static final long UNSET_SECONDS = -62_135_596_800L;

    private JaegerProto() {}

    /// @param traceId as it was sent: bytes in the older service, text in the newer one
    record TraceRequest(Slice traceId, boolean raw) {

        static TraceRequest of(Slice request) {
            var traceId = Slice.EMPTY;
            boolean raw = false;
            var reader = ProtoReader.of(request);
            while (reader.next() != 0) {
                switch (tag(reader)) {
                    case 1 << 3 | L -> traceId = reader.slice();
                    // Hints where to look, which our stores do not need; still, they are read.
                    case 2 << 3 | L -> time("start_time", reader.slice());
                    case 3 << 3 | L -> time("end_time", reader.slice());
                    case 4 << 3 | V -> raw = reader.varint() != 0;
                    default -> reader.skip();
                }
            }
            return new TraceRequest(traceId, raw);
        }

        /// The id that 16 bytes make, or the 8 of its lower half.
        TraceId binaryId() {
            var bytes = ByteBuffer.wrap(traceId.array(), traceId.offset(), traceId.length());
            if (traceId.length() == 8 || traceId.length() == 16) {
                long high = traceId.length() == 16 ? bytes.getLong() : 0;
                long low = bytes.getLong();
                if (high != 0 || low != 0) {
                    return new TraceId(high, low);
                }
            }
            throw QueryException.invalid(
                    "trace_id", traceId.length() + " bytes", "16 of them, not all zero");
        }
    }

    /// @param depth 0 for none
    /// @param filtered whether there is a structured filter
    record SearchRequest(
            @Nullable String service,
            @Nullable String operation,
            Map<String, String> tags,
            OptionalLong start,
            OptionalLong end,
            long minDuration,
            long maxDuration,
            long depth,
            boolean raw,
            boolean filtered) {

        /// @throws QueryException when there is no query in the request, or one with nonsense
        static SearchRequest of(Slice request) {
            Slice query = null;
            var reader = ProtoReader.of(request);
            while (reader.next() != 0) {
                if (tag(reader) == (1 << 3 | L)) {
                    query = reader.slice();
                } else {
                    reader.skip();
                }
            }
            if (query == null) {
                throw QueryException.invalid("query", "missing", "what to look for");
            }
            return ofQuery(query);
        }

        private static SearchRequest ofQuery(Slice query) {
            String service = null;
            String operation = null;
            var tags = new LinkedHashMap<String, String>();
            var start = OptionalLong.empty();
            var end = OptionalLong.empty();
            long minDuration = 0;
            long maxDuration = 0;
            long depth = 0;
            boolean raw = false;
            boolean filtered = false;
            var reader = ProtoReader.of(query);
            while (reader.next() != 0) {
                switch (tag(reader)) {
                    case 1 << 3 | L -> service = text(reader);
                    case 2 << 3 | L -> operation = text(reader);
                    case 3 << 3 | L -> entry(reader.slice(), tags);
                    case 4 << 3 | L -> start = time("start_time_min", reader.slice());
                    case 5 << 3 | L -> end = time("start_time_max", reader.slice());
                    case 6 << 3 | L -> minDuration = duration("duration_min", reader.slice());
                    case 7 << 3 | L -> maxDuration = duration("duration_max", reader.slice());
                    case 8 << 3 | V -> depth = (int) reader.varint();
                    case 9 << 3 | V -> raw = reader.varint() != 0;
                    case 10 << 3 | L -> {
                        filtered = true;
                        reader.skip();
                    }
                    default -> reader.skip();
                }
            }
            if (start.isPresent() && end.isPresent() && start.getAsLong() > end.getAsLong()) {
                throw QueryException.invalid(
                        "start_time_min",
                        start.getAsLong() + " ns since the epoch",
                        "not after start_time_max, " + end.getAsLong());
            }
            if (maxDuration > 0 && minDuration > maxDuration) {
                throw QueryException.invalid(
                        "duration_max",
                        DurationText.of(maxDuration),
                        "at least duration_min, " + DurationText.of(minDuration));
            }
            return new SearchRequest(
                    service,
                    operation,
                    tags,
                    start,
                    end,
                    minDuration,
                    maxDuration,
                    depth,
                    raw,
                    filtered);
        }

        JaegerSearch search(int maxTraces) {
            if (depth < 0 || depth > maxTraces) {
                throw QueryException.invalid(
                        "search_depth", Long.toString(depth), "1 to " + maxTraces);
            }
            return new JaegerSearch(
                    service,
                    operation,
                    tags,
                    start.orElse(0),
                    end.orElse(Long.MAX_VALUE),
                    minDuration,
                    maxDuration,
                    depth == 0 ? Math.min(JaegerSearch.DEFAULT_LIMIT, maxTraces) : (int) depth);
        }

        private static void entry(Slice entry, Map<String, String> into) {
            String key = "";
            String value = "";
            var reader = ProtoReader.of(entry);
            while (reader.next() != 0) {
                switch (tag(reader)) {
                    case 1 << 3 | L -> key = reader.slice().toText();
                    case 2 << 3 | L -> value = reader.slice().toText();
                    default -> reader.skip();
                }
            }
            into.put(key, value);
        }
    }

    /// @param spanKind empty for any
    record OperationsRequest(String service, String spanKind) {

        static OperationsRequest of(Slice request) {
            String service = "";
            String kind = "";
            var reader = ProtoReader.of(request);
            while (reader.next() != 0) {
                switch (tag(reader)) {
                    case 1 << 3 | L -> service = reader.slice().toText();
                    case 2 << 3 | L -> kind = reader.slice().toText();
                    default -> reader.skip();
                }
            }
            return new OperationsRequest(service, kind);
        }
    }

    /// @param startNanos since the epoch, as is the end
    record DependenciesRequest(long startNanos, long endNanos) {

        static DependenciesRequest of(Slice request) {
            var start = OptionalLong.empty();
            var end = OptionalLong.empty();
            var reader = ProtoReader.of(request);
            while (reader.next() != 0) {
                switch (tag(reader)) {
                    case 1 << 3 | L -> start = time("start_time", reader.slice());
                    case 2 << 3 | L -> end = time("end_time", reader.slice());
                    default -> reader.skip();
                }
            }
            if (start.isEmpty() || end.isEmpty()) {
                throw QueryException.invalid(
                        start.isEmpty() ? "start_time" : "end_time", "missing", "a time");
            }
            if (start.getAsLong() > end.getAsLong()) {
                throw QueryException.invalid(
                        "end_time",
                        end.getAsLong() + " ns since the epoch",
                        "not before start_time, " + start.getAsLong());
            }
            return new DependenciesRequest(start.getAsLong(), end.getAsLong());
        }
    }

    private static int tag(ProtoReader reader) {
        return reader.field() << 3 | reader.wireType();
    }

    private static @Nullable String text(ProtoReader reader) {
        var text = reader.slice().toText();
        return text.isEmpty() ? null : text;
    }

    private static OptionalLong time(String name, Slice timestamp) {
        var parts = Parts.of(timestamp);
        if (parts.seconds() == UNSET_SECONDS && parts.nanos() == 0) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(parts.total(name, "a time from 1970 to 2262"));
    }

    private static long duration(String name, Slice duration) {
        return Parts.of(duration).total(name, "a duration from 0 to 292 years");
    }

    /// A `Timestamp` or a `Duration`, which look alike.
    private record Parts(long seconds, long nanos) {

        static Parts of(Slice message) {
            long seconds = 0;
            long nanos = 0;
            var reader = ProtoReader.of(message);
            while (reader.next() != 0) {
                switch (tag(reader)) {
                    case 1 << 3 | V -> seconds = reader.varint();
                    case 2 << 3 | V -> nanos = reader.varint();
                    default -> reader.skip();
                }
            }
            return new Parts(seconds, nanos);
        }

        long total(String name, String expected) {
            if (seconds < 0 || seconds > MAX_SECONDS || nanos < 0 || nanos >= NANOS) {
                throw QueryException.invalid(name, seconds + " s and " + nanos + " ns", expected);
            }
            return seconds * NANOS + nanos;
        }
    }
}
