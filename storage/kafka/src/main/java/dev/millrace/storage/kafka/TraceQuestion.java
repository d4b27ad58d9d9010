package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePieces;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;

/// Which trace is this?
///
/// To others its bytes go as the store keeps them: only whoever asked makes spans of them.
record TraceQuestion(Tenant tenant, TraceId traceId) implements Question<Optional<Trace>> {

    static final String NAME = "trace";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
        json.writeStringField("trace", traceId.toString());
    }

    @Override
    public Optional<Trace> answer(Share share) {
        return share.eachTraces(store -> store.trace(tenant, traceId)).stream()
                .flatMap(Optional::stream)
                .findFirst();
    }

    @Override
    public Encoded encoded(Share share) {
        var bodies = share.eachTraces(this::bodies).stream().flatMap(List::stream).toList();
        return new Encoded(_ -> {}, bodies);
    }

    private List<Slice> bodies(TraceStore store) {
        var bodies = new ArrayList<Slice>();
        long bytes = 0;
        for (var body : new TracePieces(store, tenant, traceId)) {
            bytes += body.length();
            if (bytes > TraceStore.MAX_WHOLE_BYTES) {
                throw new StoreException(
                        Kind.TOO_LARGE,
                        "trace "
                                + traceId
                                + ": more than "
                                + TraceStore.MAX_WHOLE_BYTES
                                + " bytes");
            }
            bodies.add(body);
        }
        return bodies;
    }

    @Override
    public Optional<Trace> read(JsonFields fields, List<Slice> bodies) {
        return bodies.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Trace(traceId, OtlpDecoder.spans(TraceMerge.merge(traceId, bodies))));
    }

    @Override
    public Optional<Trace> only(
            Optional<Trace> answer, IntPredicate partitions, ToIntFunction<TraceId> placed) {
        return answer;
    }
}
