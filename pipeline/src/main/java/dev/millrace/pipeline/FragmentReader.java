package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/// Tells what a record is: fragments for the store, a marker, or poison.
///
/// Of our own records it looks as deep as it must to know whose spans they are, and no deeper; a
/// fault below that is the store's to find. Those of others are translated, and checked as a
/// collector would. Safe for any number of threads.
public final class FragmentReader {

    private static final int RESOURCE_SPANS = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final int CHILDREN = ProtoReader.tag(2, ProtoReader.LENGTH_DELIMITED);
    private static final int TRACE_ID = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);

    /// The spans that a record holds of one trace.
    public record Piece(Fragment fragment, int spans) {}

    /// What a record is.
    public sealed interface Reading {

        /// Spans of one trace or several.
        ///
        /// @param translated whether the pieces are written otherwise than the record
        /// @param rest what cannot be kept of the record; null when all of it can
        record Spans(List<Piece> pieces, boolean translated, @Nullable Poison rest)
                implements Reading {}

        /// Nothing to keep.
        record Marker() implements Reading {}

        /// Not what belongs on the topic.
        ///
        /// @param reason one of few, for a metric
        /// @param detail what was found and what was expected
        /// @param copies how many spans it counts for
        record Poison(String reason, String detail, int copies) implements Reading {

            Poison(String reason, String detail) {
                this(reason, detail, LogCopies.UNREADABLE);
            }
        }
    }

    private static final Reading MARKER = new Reading.Marker();

    private final ForeignRecords foreign;

    FragmentReader(ForeignRecords foreign) {
        this.foreign = foreign;
    }

    /// A reader for those who follow a topic by other ways than ours.
    ///
    /// @param usual the encoding of records that do not name theirs; null when those are ours
    public static FragmentReader of(@Nullable SourceEncoding usual) {
        return new FragmentReader(new ForeignRecords(usual));
    }

    public Reading read(ConsumerRecord<byte[], byte[]> record) {
        if (RecordHeaders.has(record.headers(), RecordHeaders.MARKER)) {
            return MARKER;
        }
        Tenant tenant;
        try {
            tenant = RecordHeaders.tenant(record.headers());
        } catch (IllegalArgumentException e) {
            return new Reading.Poison("tenant", String.valueOf(e.getMessage()));
        }
        Optional<SourceEncoding> encoding;
        try {
            encoding = foreign.encoding(record);
        } catch (IllegalArgumentException e) {
            return new Reading.Poison("encoding", String.valueOf(e.getMessage()));
        }
        try {
            return encoding.isPresent()
                    ? translated(record, tenant, encoding.get())
                    : ours(record, tenant);
        } catch (MalformedSpansException e) {
            return new Reading.Poison("value", String.valueOf(e.getMessage()));
        }
    }

    private Reading translated(
            ConsumerRecord<byte[], byte[]> record, Tenant tenant, SourceEncoding encoding) {
        var split = foreign.split(encoding, record);
        int rejected = split.rejectedSpans();
        var rest =
                rejected == 0
                        ? null
                        : new Reading.Poison("rejected", split.firstRejection(), rejected);
        var pieces = pieces(record, tenant, split.chunks());
        if (!pieces.isEmpty()) {
            return new Reading.Spans(pieces, true, rest);
        }
        return rest == null
                ? new Reading.Poison("value", "value: no span (expected: at least one)")
                : rest;
    }

    private static Reading ours(ConsumerRecord<byte[], byte[]> record, Tenant tenant) {
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
        byte[] value = record.value();
        if (value == null || value.length == 0) {
            return new Reading.Poison("value", "value: empty (expected: TracesData)");
        }
        var body = Slice.of(value);
        List<Piece> pieces =
                traceId == null
                        ? pieces(record, tenant, PackedSpans.byTrace(body))
                        : one(record, tenant, traceId, body);
        return pieces.isEmpty()
                ? new Reading.Poison("value", "value: no span (expected: at least one)")
                : new Reading.Spans(pieces, false, null);
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

    private static List<Piece> pieces(
            ConsumerRecord<byte[], byte[]> record, Tenant tenant, List<TraceChunk> chunks) {
        var pieces = new ArrayList<Piece>(chunks.size());
        for (TraceChunk chunk : chunks) {
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
