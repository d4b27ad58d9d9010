package dev.millrace.query;

import dev.millrace.assembly.PiecewiseMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePieces;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/// A trace to answer with: in memory, or one that is read anew, part by part, while it is written
/// out.
sealed interface StoredTrace {

    /// Its parts, of which each span is in one. Each is there when it is asked for, so this may
    /// throw what a store throws.
    Iterator<Trace> parts();

    /// The same as OTLP `TracesData`; all of it in a row is `TracesData` too.
    Iterator<Slice> bodies();

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

    /// In memory, parents first: one part.
    record Whole(Trace trace) implements StoredTrace {

        @Override
        public Iterator<Trace> parts() {
            return List.of(trace).iterator();
        }

        @Override
        public Iterator<Slice> bodies() {
            return List.of(OtlpEncoder.encode(trace.spans())).iterator();
        }
    }

    /// Larger than [TraceStore#MAX_WHOLE_BYTES]: parents come first only within a part. Can be
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
        public Iterator<Trace> parts() {
            return merged().map(body -> new Trace(pieces.traceId(), OtlpDecoder.spans(body)))
                    .iterator();
        }

        @Override
        public Iterator<Slice> bodies() {
            return merged().iterator();
        }

        private Stream<Slice> merged() {
            return StreamSupport.stream(pieces.spliterator(), false)
                    .map(merge::merge)
                    .filter(body -> body.length() > 0);
        }
    }
}
