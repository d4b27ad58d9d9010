package dev.millrace.storage.cassandra;

import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

    /// The whole trace, from whatever there is of it.
    Optional<Trace> read(TraceId traceId) {
        String what = "trace " + traceId;
        var bodies = new ArrayList<Slice>();
        boolean[] ofJaeger = {false};
        requests.eachPage(
                what,
                statements
                        .selectSpans
                        .bind()
                        .setByteBuffer("trace_id", JaegerSpanRow.id(traceId))
                        .setPageSize(PAGE),
                page -> {
                    for (var row : page.currentPage()) {
                        var body = row.getByteBuffer(Schema.SPAN_COLUMN);
                        if (body == null) {
                            ofJaeger[0] = true;
                        } else {
                            bodies.add(Columns.bytes(body));
                        }
                    }
                });
        try {
            if (ofJaeger[0]) {
                addJaegerSpans(what, traceId, bodies);
            }
            if (bodies.isEmpty()) {
                return Optional.empty();
            }
            var merged = TraceMerge.merge(traceId, bodies);
            return Optional.of(new Trace(traceId, OtlpDecoder.spans(merged)));
        } catch (MalformedSpansException e) {
            throw new StoreException(Kind.CORRUPT, what + ": " + e.getMessage(), e);
        }
    }

    // Jaeger's columns are asked for only where they are needed: they say most of it twice.
    private void addJaegerSpans(String what, TraceId traceId, List<Slice> bodies) {
        requests.eachPage(
                what,
                statements
                        .selectJaegerSpans
                        .bind()
                        .setByteBuffer("trace_id", JaegerSpanRow.id(traceId))
                        .setPageSize(PAGE),
                page -> {
                    for (var row : page.currentPage()) {
                        if (row.isNull(Schema.SPAN_COLUMN)) {
                            JaegerSpans.otlp(traceId, row).ifPresent(bodies::add);
                        }
                    }
                });
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
