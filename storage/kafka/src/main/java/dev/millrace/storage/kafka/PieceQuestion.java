package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TracePiece;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;

/// What comes next of a trace that is read piece by piece?
///
/// @param from where the piece before said; empty for the first
record PieceQuestion(Tenant tenant, TraceId traceId, Optional<String> from)
        implements Question<Optional<TracePiece>> {

    static final String NAME = "piece";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
        json.writeStringField("trace", traceId.toString());
        if (from.isPresent()) {
            json.writeStringField("from", from.get());
        }
    }

    @Override
    public Optional<TracePiece> answer(Share share) {
        return share.eachTraces(store -> store.piece(tenant, traceId, from)).stream()
                .flatMap(Optional::stream)
                .findFirst();
    }

    @Override
    public Encoded encoded(Share share) {
        var piece = answer(share);
        var next = piece.flatMap(TracePiece::next);
        return new Encoded(
                json -> {
                    if (next.isPresent()) {
                        json.writeStringField("next", next.get());
                    }
                },
                piece.stream().map(TracePiece::body).toList());
    }

    @Override
    public Optional<TracePiece> read(JsonFields fields, List<Slice> bodies) {
        return bodies.stream()
                .findFirst()
                .map(body -> new TracePiece(body, fields.optionalText("next")));
    }

    @Override
    public Optional<TracePiece> only(
            Optional<TracePiece> answer, IntPredicate partitions, ToIntFunction<TraceId> placed) {
        return answer;
    }
}
