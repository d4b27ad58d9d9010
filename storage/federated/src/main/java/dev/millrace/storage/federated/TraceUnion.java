package dev.millrace.storage.federated;

import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// What several stores have of one trace, put together by the rule of duplicates; or, where that is
/// too large, what that store has of it in which it begins.
///
/// @param whole false when it is only a part
record TraceUnion(Trace trace, boolean whole) {

    /// What one store has of a trace; a piece of it where all of it would be too large.
    static Optional<TraceUnion> in(TraceStore store, Tenant tenant, TraceId id) {
        try {
            return store.trace(tenant, id).map(trace -> new TraceUnion(trace, true));
        } catch (StoreException e) {
            if (e.kind() != Kind.TOO_LARGE) {
                throw e;
            }
            return store.piece(tenant, id, Optional.empty())
                    .map(piece -> new Trace(id, OtlpDecoder.spans(piece.body())))
                    .map(part -> new TraceUnion(part, false));
        }
    }

    /// @param shares all of one trace and tenant, in any order
    static Optional<TraceUnion> of(List<TraceUnion> shares) {
        if (shares.size() < 2) {
            return shares.stream().findFirst();
        }
        var bodies = shares.stream().map(share -> OtlpEncoder.encode(share.trace.spans())).toList();
        boolean fits = bodies.stream().mapToLong(Slice::length).sum() <= TraceStore.MAX_WHOLE_BYTES;
        if (!fits || !shares.stream().allMatch(TraceUnion::whole)) {
            return shares.stream()
                    .map(TraceUnion::trace)
                    .min(Comparator.comparingLong(Trace::startNanos))
                    .map(earliest -> new TraceUnion(earliest, false));
        }
        var id = shares.getFirst().trace.traceId();
        return Optional.of(
                new TraceUnion(
                        new Trace(id, OtlpDecoder.spans(TraceMerge.merge(id, bodies))), true));
    }
}
