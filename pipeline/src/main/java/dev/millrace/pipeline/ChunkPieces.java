package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.TraceChunk;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Cuts a chunk that is larger than a record may be into several, between spans.
///
/// Every piece repeats the resource and scope of its spans. Such chunks are rare: nothing here is
/// made to be fast.
final class ChunkPieces {

    private static final int NESTED = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final int CHILDREN = ProtoReader.tag(2, ProtoReader.LENGTH_DELIMITED);

    /// A tag and a length of at most five bytes.
    private static final int FRAME_BYTES = 6;

    private final TraceChunk chunk;
    private final int maxBytes;
    private final List<TraceChunk> pieces = new ArrayList<>();
    private final ByteArrayOutputStream piece = new ByteArrayOutputStream();
    private int pieceSpans;

    private ChunkPieces(TraceChunk chunk, int maxBytes) {
        this.chunk = chunk;
        this.maxBytes = maxBytes;
    }

    /// The chunk itself when it is small enough.
    ///
    /// @throws SinkException of kind `TOO_LARGE` when one span alone is larger
    static List<TraceChunk> of(TraceChunk chunk, int maxBytes) {
        return chunk.body().length() <= maxBytes
                ? List.of(chunk)
                : new ChunkPieces(chunk, maxBytes).cut();
    }

    private List<TraceChunk> cut() {
        var traces = ProtoReader.of(chunk.body());
        for (int tag = traces.next(); tag != 0; tag = traces.next()) {
            if (tag == NESTED) {
                resourceSpans(traces.slice());
            } else {
                traces.skip();
            }
        }
        endPiece();
        return pieces;
    }

    private void resourceSpans(Slice body) {
        var resource = new ArrayList<Slice>();
        for (Slice scopeSpans : children(body, resource)) {
            var scope = new ArrayList<Slice>();
            List<Slice> spans = children(scopeSpans, scope);
            int context = bytes(resource) + bytes(scope) + 2 * FRAME_BYTES;
            int from = 0;
            long size = context;
            for (int i = 0; i < spans.size(); i++) {
                int span = spans.get(i).length() + FRAME_BYTES;
                if (context + span > maxBytes) {
                    throw new SinkException(
                            SinkException.Kind.TOO_LARGE,
                            "span of trace "
                                    + chunk.traceId()
                                    + ": "
                                    + (context + span)
                                    + " bytes with its resource (expected: at most "
                                    + maxBytes
                                    + ")",
                            Duration.ZERO);
                }
                if (piece.size() + size + span > maxBytes) {
                    write(resource, scope, spans.subList(from, i));
                    endPiece();
                    from = i;
                    size = context;
                }
                size += span;
            }
            write(resource, scope, spans.subList(from, spans.size()));
        }
    }

    // Both messages keep what repeats in field 2; all other fields go to `others`, tags included.
    private static List<Slice> children(Slice message, List<Slice> others) {
        var children = new ArrayList<Slice>();
        var fields = ProtoReader.of(message);
        int start = fields.position();
        for (int tag = fields.next(); tag != 0; tag = fields.next()) {
            if (tag == CHILDREN) {
                children.add(fields.slice());
            } else {
                fields.skip();
                others.add(Slice.of(message.array(), start, fields.position() - start));
            }
            start = fields.position();
        }
        return children;
    }

    private static int bytes(List<Slice> fields) {
        return fields.stream().mapToInt(Slice::length).sum();
    }

    private void write(List<Slice> resource, List<Slice> scope, List<Slice> spans) {
        if (spans.isEmpty()) {
            return;
        }
        var scopeSpans = new ByteArrayOutputStream();
        scope.forEach(field -> put(scopeSpans, field));
        for (Slice span : spans) {
            frame(scopeSpans, CHILDREN, span.length());
            put(scopeSpans, span);
        }
        var resourceSpans = new ByteArrayOutputStream();
        resource.forEach(field -> put(resourceSpans, field));
        frame(resourceSpans, CHILDREN, scopeSpans.size());
        resourceSpans.writeBytes(scopeSpans.toByteArray());
        frame(piece, NESTED, resourceSpans.size());
        piece.writeBytes(resourceSpans.toByteArray());
        pieceSpans += spans.size();
    }

    private void endPiece() {
        if (pieceSpans > 0) {
            pieces.add(new TraceChunk(chunk.traceId(), Slice.of(piece.toByteArray()), pieceSpans));
            piece.reset();
            pieceSpans = 0;
        }
    }

    private static void put(ByteArrayOutputStream out, Slice bytes) {
        out.write(bytes.array(), bytes.offset(), bytes.length());
    }

    private static void frame(ByteArrayOutputStream out, int tag, int length) {
        out.write(tag);
        int rest = length;
        while (rest >= 0x80) {
            out.write((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }
}
