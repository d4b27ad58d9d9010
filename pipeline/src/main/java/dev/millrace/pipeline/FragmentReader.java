package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// Tells what a record is: fragments for the store, a marker, or poison.
///
/// Looks as deep as it must to know whose spans they are, and no deeper; a fault below that is the
/// store's to find.
final class FragmentReader {

    private static final int RESOURCE_SPANS = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final int CHILDREN = ProtoReader.tag(2, ProtoReader.LENGTH_DELIMITED);
    private static final int TRACE_ID = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);

    /// The spans that a record holds of one trace.
    record Piece(Fragment fragment, int spans) {}

    /// What a record is.
    sealed interface Reading {

        /// Spans of one trace or several.
        record Spans(List<Piece> pieces) implements Reading {}

        /// Nothing to keep.
        record Marker() implements Reading {}

        /// Not what belongs on the topic.
        ///
        /// @param reason one of few, for a metric
        /// @param detail what was found and what was expected
        record Poison(String reason, String detail) implements Reading {}
    }

    private static final Reading MARKER = new Reading.Marker();

    private FragmentReader() {}

    static Reading read(ConsumerRecord<byte[], byte[]> record) {
        if (RecordHeaders.has(record.headers(), RecordHeaders.MARKER)) {
            return MARKER;
        }
        String encoding = RecordHeaders.text(record.headers(), RecordHeaders.ENCODING);
        if (encoding != null && !encoding.equals(Encoding.OTLP_PROTO.word())) {
            return new Reading.Poison(
                    "encoding", "encoding: \"" + encoding + "\" (expected: otlp_proto)");
        }
        Keying keying;
        try {
            keying = Keying.of(record.headers());
        } catch (IllegalArgumentException e) {
            return new Reading.Poison("keying", String.valueOf(e.getMessage()));
        }
        TraceId traceId = null;
        if (keying == Keying.TRACE_ID) {
            traceId = TraceKey.parse(record.key());
            if (traceId == null) {
                return new Reading.Poison(
                        "key", "key: not a trace id (expected: 32 hexadecimal digits)");
            }
        }
        Tenant tenant = Tenant.DEFAULT;
        String name = RecordHeaders.text(record.headers(), RecordHeaders.TENANT);
        if (name != null) {
            try {
                tenant = new Tenant(name);
            } catch (IllegalArgumentException e) {
                return new Reading.Poison("tenant", String.valueOf(e.getMessage()));
            }
        }
        byte[] value = record.value();
        if (value == null || value.length == 0) {
            return new Reading.Poison("value", "value: empty (expected: TracesData)");
        }
        var body = Slice.of(value);
        List<Piece> pieces;
        try {
            pieces =
                    traceId == null
                            ? several(record, tenant, body)
                            : one(record, tenant, traceId, body);
        } catch (MalformedSpansException e) {
            return new Reading.Poison("value", String.valueOf(e.getMessage()));
        }
        return pieces.isEmpty()
                ? new Reading.Poison("value", "value: no span (expected: at least one)")
                : new Reading.Spans(pieces);
    }

    private static List<Piece> one(
            ConsumerRecord<byte[], byte[]> record, Tenant tenant, TraceId traceId, Slice body) {
        int spans = countSpans(body, traceId);
        if (spans == 0) {
            return List.of();
        }
        var id = new FragmentId(record.topic(), record.partition(), record.offset());
        return List.of(new Piece(new Fragment(id, tenant, traceId, body), spans));
    }

    private static List<Piece> several(
            ConsumerRecord<byte[], byte[]> record, Tenant tenant, Slice body) {
        var pieces = new ArrayList<Piece>();
        for (TraceChunk chunk : PackedSpans.byTrace(body)) {
            // The order of the traces is the same whenever the record is read.
            var id =
                    new FragmentId(
                            record.topic(), record.partition(), record.offset(), pieces.size());
            pieces.add(
                    new Piece(
                            new Fragment(id, tenant, chunk.traceId(), chunk.body()),
                            chunk.spans()));
        }
        return pieces;
    }

    private static int countSpans(Slice body, TraceId traceId) {
        int spans = 0;
        var traces = ProtoReader.of(body);
        for (int tag = traces.next(); tag != 0; tag = traces.next()) {
            if (tag == RESOURCE_SPANS) {
                spans += inResource(nested(body, traces), traceId, body);
            } else {
                traces.skip();
            }
        }
        return spans;
    }

    private static int inResource(ProtoReader resource, TraceId traceId, Slice body) {
        int spans = 0;
        for (int tag = resource.next(); tag != 0; tag = resource.next()) {
            if (tag == CHILDREN) {
                spans += inScope(nested(body, resource), traceId, body);
            } else {
                resource.skip();
            }
        }
        return spans;
    }

    private static int inScope(ProtoReader scope, TraceId traceId, Slice body) {
        int spans = 0;
        for (int tag = scope.next(); tag != 0; tag = scope.next()) {
            if (tag == CHILDREN) {
                checkSpan(nested(body, scope), traceId, body);
                spans++;
            } else {
                scope.skip();
            }
        }
        return spans;
    }

    private static void checkSpan(ProtoReader span, TraceId traceId, Slice body) {
        boolean found = false;
        for (int tag = span.next(); tag != 0; tag = span.next()) {
            if (tag != TRACE_ID) {
                span.skip();
                continue;
            }
            int length = span.lengthDelimited();
            int at = span.position() - length;
            if (length != 16
                    || number(body.array(), at) != traceId.high()
                    || number(body.array(), at + 8) != traceId.low()) {
                throw new MalformedSpansException(
                        "span of another trace (expected: only of " + traceId + ")");
            }
            found = true;
        }
        if (!found) {
            throw new MalformedSpansException(
                    "span without a trace id (expected: " + traceId + ")");
        }
    }

    private static ProtoReader nested(Slice body, ProtoReader reader) {
        int length = reader.lengthDelimited();
        return new ProtoReader(body.array(), reader.position() - length, length);
    }

    private static long number(byte[] bytes, int offset) {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value = (value << 8) | (bytes[offset + i] & 0xff);
        }
        return value;
    }
}
