package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;

/// Which services are there?
record ServicesQuestion(Tenant tenant) implements Question<List<String>> {

    static final String NAME = "services";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void write(JsonGenerator json) {
        // Whose they are says it all.
    }

    @Override
    public List<String> answer(Share share) {
        return sorted(share.eachTraces(store -> store.services(tenant)));
    }

    /// Each of several lists once, in their order.
    static <T extends Comparable<T>> List<T> sorted(Collection<List<T>> lists) {
        var all = new TreeSet<T>();
        lists.forEach(all::addAll);
        return List.copyOf(all);
    }

    @Override
    public Encoded encoded(Share share) {
        var names = answer(share);
        return new Encoded(
                json -> {
                    json.writeArrayFieldStart("names");
                    for (var name : names) {
                        json.writeString(name);
                    }
                    json.writeEndArray();
                },
                List.of());
    }

    @Override
    public List<String> read(JsonFields fields, List<Slice> bodies) {
        return fields.texts("names");
    }

    /// All of it: who else has the others says the same of them.
    @Override
    public List<String> only(
            List<String> answer, IntPredicate partitions, ToIntFunction<TraceId> placed) {
        return answer;
    }
}
