package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads traces out of `traces`: what we wrote as it was, what Jaeger wrote as far as its columns
/// tell.
final class TraceReader {

    /// Spans may be large.
    private static final int PAGE = 500;

    private final Requests requests;
    private final Statements statements;

    TraceReader(Requests requests, Statements statements) {
        this.requests = requests;
        this.statements = statements;
    }

    /// What there is of a trace in memory.
    ///
    /// @param whole false when it is only a part, because all of it would be too large
    record Part(Trace trace, boolean whole) {}

    /// The trace, from whatever there is of it.
    Optional<Part> read(TraceId traceId) {
        var bodies = new ArrayList<Slice>();
        long bytes = 0;
        boolean whole = true;
        @Nullable Rows rows = rows(traceId, null);
        while (rows != null && whole) {
            for (var body : rows.bodies()) {
                bytes += body.length();
                whole = bytes <= TraceStore.MAX_WHOLE_BYTES;
                if (!whole) {
                    break;
                }
                bodies.add(body);
            }
            rows = rows.next() == null || !whole ? null : rows(traceId, rows.next());
        }
        return bodies.isEmpty() ? Optional.empty() : Optional.of(part(traceId, bodies, whole));
    }

    private static Part part(TraceId traceId, List<Slice> bodies, boolean whole) {
        return new Part(new Trace(traceId, spans(traceId, merged(traceId, bodies))), whole);
    }

    /// Some rows of a trace.
    ///
    /// @param from where the piece before ended; null for the first one
    Optional<TracePiece> piece(TraceId traceId, @Nullable ByteBuffer from) {
        var rows = rows(traceId, from);
        if (rows.bodies().isEmpty()) {
            return rows.next() == null ? Optional.empty() : piece(traceId, rows.next());
        }
        return Optional.of(
                new TracePiece(
                        merged(traceId, rows.bodies()),
                        Optional.ofNullable(rows.next()).map(TraceReader::text)));
    }

    private static String text(ByteBuffer bytes) {
        var copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }

    /// Whether a span of a trace of any size is as it should be.
    boolean anyMatch(TraceId traceId, Predicate<Span> condition) {
        @Nullable Rows rows = rows(traceId, null);
        while (rows != null) {
            for (var body : rows.bodies()) {
                if (spans(traceId, body).stream().anyMatch(condition)) {
                    return true;
                }
            }
            rows = rows.next() == null ? null : rows(traceId, rows.next());
        }
        return false;
    }

    /// One page of a trace's rows, as OTLP.
    ///
    /// @param next where the next page begins; null when this is the last
    private record Rows(List<Slice> bodies, @Nullable ByteBuffer next) {}

    private Rows rows(TraceId traceId, @Nullable ByteBuffer from) {
        var page = page(statements.selectSpans, traceId, from);
        var bodies = new ArrayList<Slice>(PAGE);
        for (var row : page.currentPage()) {
            var body = row.getByteBuffer(Schema.SPAN_COLUMN);
            if (body == null) {
                return rowsWithJaegers(traceId, from);
            }
            bodies.add(Columns.bytes(body));
        }
        return new Rows(bodies, next(page));
    }

    // Jaeger's columns are asked for only where they are needed: they say most of it twice.
    private Rows rowsWithJaegers(TraceId traceId, @Nullable ByteBuffer from) {
        var page = page(statements.selectJaegerSpans, traceId, from);
        var bodies = new ArrayList<Slice>(PAGE);
        for (var row : page.currentPage()) {
            var body = row.getByteBuffer(Schema.SPAN_COLUMN);
            if (body == null) {
                JaegerSpans.otlp(traceId, row).ifPresent(bodies::add);
            } else {
                bodies.add(Columns.bytes(body));
            }
        }
        return new Rows(bodies, next(page));
    }

    private AsyncResultSet page(
            PreparedStatement statement, TraceId traceId, @Nullable ByteBuffer from) {
        String what = "trace " + traceId;
        return requests.await(
                what,
                requests.first(
                        what,
                        statement
                                .bind()
                                .setByteBuffer("trace_id", JaegerSpanRow.id(traceId))
                                .setPageSize(PAGE)
                                .setPagingState(from)));
    }

    private static @Nullable ByteBuffer next(AsyncResultSet page) {
        return page.hasMorePages() ? page.getExecutionInfo().getPagingState() : null;
    }

    private static Slice merged(TraceId traceId, List<Slice> bodies) {
        return readable(traceId, () -> TraceMerge.merge(traceId, bodies));
    }

    private static List<Span> spans(TraceId traceId, Slice body) {
        return readable(traceId, () -> OtlpDecoder.spans(body));
    }

    private static <T> T readable(TraceId traceId, Supplier<T> work) {
        try {
            return work.get();
        } catch (MalformedSpansException e) {
            throw new StoreException(Kind.CORRUPT, "trace " + traceId + ": " + e.getMessage(), e);
        }
    }

    /// How many rows a trace has, Jaeger's included, and the sum of the hashes that they are known
    /// by: a hash follows from the bytes of its span.
    TraceVersion version(TraceId traceId) {
        var rows =
                requests.rows(
                        "version of trace " + traceId,
                        statements
                                .selectVersion
                                .bind()
                                .setByteBuffer("trace_id", JaegerSpanRow.id(traceId)));
        long spans = rows.isEmpty() ? 0 : rows.getFirst().getLong(0);
        return spans == 0
                ? TraceVersion.NONE
                : new TraceVersion(spans, Long.toHexString(rows.getFirst().getLong(1)));
    }

    /// No later than the start of the trace, as nanoseconds; nothing when there is no such trace.
    Optional<Long> earliestNanos(TraceId traceId) {
        var rows =
                requests.rows(
                        "trace " + traceId,
                        statements
                                .selectEarliest
                                .bind()
                                .setByteBuffer("trace_id", JaegerSpanRow.id(traceId)));
        @Nullable Long micros = rows.isEmpty() ? null : rows.getFirst().get(0, Long.class);
        return micros == null ? Optional.empty() : Optional.of(Times.firstNanos(micros));
    }
}
