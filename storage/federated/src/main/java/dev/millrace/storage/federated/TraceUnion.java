package dev.millrace.storage.federated;

import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Trace;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.List;
import java.util.Optional;

/// What several stores have of one trace, put together by the rule of duplicates.
final class TraceUnion {

    private TraceUnion() {}

    /// @param shares all of one trace and tenant, in any order
    static Optional<Trace> of(List<Trace> shares) {
        if (shares.size() < 2) {
            return shares.stream().findFirst();
        }
        var id = shares.getFirst().traceId();
        var bodies = shares.stream().map(share -> OtlpEncoder.encode(share.spans())).toList();
        return Optional.of(new Trace(id, OtlpDecoder.spans(TraceMerge.merge(id, bodies))));
    }
}
