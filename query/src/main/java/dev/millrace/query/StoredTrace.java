package dev.millrace.query;

import dev.millrace.assembly.PiecewiseMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePieces;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// A trace to answer with: in memory, or one that is read anew, piece by piece, while it is written
/// out.
sealed interface StoredTrace {

    /// Takes spans of a trace, some at a time.
    @FunctionalInterface
    interface SpanSink {
        void accept(List<Span> spans) throws IOException;
    }

    /// Takes OTLP `TracesData` of a trace, some at a time; all of it in a row is `TracesData` too.
    @FunctionalInterface
    interface ByteSink {
        void accept(Slice bytes) throws IOException;
    }

    /// Hands out every span once.
    ///
    /// @throws StoreException when the store cannot go on
    void forEach(SpanSink sink) throws IOException;

    /// Hands out every span once, as bytes.
    ///
    /// @throws StoreException when the store cannot go on
    void forEachBytes(ByteSink sink) throws IOException;

    /// The trace with this id, if there is one; of a large one all pieces have been looked at once.
    static Optional<StoredTrace> find(TraceStore store, Tenant tenant, TraceId id) {
        try {
            return store.trace(tenant, id).map(Whole::new);
        } catch (StoreException e) {
            if (e.kind() != Kind.TOO_LARGE) {
                throw e;
            }
            return Optional.of(new Large(new TracePieces(store, tenant, id)));
        }
    }

    /// In memory, parents first.
    record Whole(Trace trace) implements StoredTrace {

        @Override
        public void forEach(SpanSink sink) throws IOException {
            sink.accept(trace.spans());
        }

        @Override
        public void forEachBytes(ByteSink sink) throws IOException {
            sink.accept(OtlpEncoder.encode(trace.spans()));
        }
    }

    /// Larger than [TraceStore#MAX_WHOLE_BYTES]: parents come first only within a piece. Can be
    /// written out once.
    final class Large implements StoredTrace {

        private final TracePieces pieces;
        private final PiecewiseMerge merge;

        private Large(TracePieces pieces) {
            this.pieces = pieces;
            this.merge = new PiecewiseMerge(pieces.traceId());
            pieces.forEach(merge::note);
            if (merge.copies()) {
                pieces.forEach(merge::compare);
            }
        }

        @Override
        public void forEach(SpanSink sink) throws IOException {
            forEachBytes(bytes -> sink.accept(OtlpDecoder.spans(bytes)));
        }

        @Override
        public void forEachBytes(ByteSink sink) throws IOException {
            for (var piece : pieces) {
                var merged = merge.merge(piece);
                if (merged.length() > 0) {
                    sink.accept(merged);
                }
            }
        }
    }
}
