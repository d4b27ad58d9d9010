package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Operation;
import java.io.IOException;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;

/// Which operations does a service have?
record OperationsQuestion(Tenant tenant, String service) implements Question<List<Operation>> {

    static final String NAME = "operations";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
        json.writeStringField("service", service);
    }

    @Override
    public List<Operation> answer(Share share) {
        return ServicesQuestion.sorted(
                share.eachTraces(store -> store.operations(tenant, service)));
    }

    @Override
    public Encoded encoded(Share share) {
        var operations = answer(share);
        return new Encoded(
                json -> {
                    json.writeArrayFieldStart("operations");
                    for (var operation : operations) {
                        json.writeStartObject();
                        json.writeStringField("name", operation.name());
                        json.writeNumberField("kind", operation.kind().number());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                },
                List.of());
    }

    @Override
    public List<Operation> read(JsonFields fields, List<Slice> bodies) {
        return fields.objects("operations").stream()
                .map(each -> new Operation(each.text("name"), SpanKind.of(each.integer("kind"))))
                .toList();
    }

    /// All of it: who else has the others says the same of them.
    @Override
    public List<Operation> only(
            List<Operation> answer, IntPredicate partitions, ToIntFunction<TraceId> placed) {
        return answer;
    }
}
