package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TraceVersion;
import java.io.IOException;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;

/// Which state of a trace is this?
record VersionQuestion(Tenant tenant, TraceId traceId) implements Question<TraceVersion> {

    static final String NAME = "version";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
        json.writeStringField("trace", traceId.toString());
    }

    @Override
    public TraceVersion answer(Share share) {
        return share.eachTraces(store -> store.version(tenant, traceId)).stream()
                .findFirst()
                .orElse(TraceVersion.NONE);
    }

    @Override
    public Encoded encoded(Share share) {
        var version = answer(share);
        return new Encoded(
                json -> {
                    json.writeNumberField("parts", version.parts());
                    json.writeStringField("mark", version.mark());
                },
                List.of());
    }

    @Override
    public TraceVersion read(JsonFields fields, List<Slice> bodies) {
        return new TraceVersion(fields.number("parts"), fields.text("mark"));
    }

    @Override
    public TraceVersion only(
            TraceVersion answer, IntPredicate partitions, ToIntFunction<TraceId> placed) {
        return answer;
    }
}
