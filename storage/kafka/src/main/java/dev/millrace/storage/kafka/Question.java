package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.io.IOException;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;

/// Something that an instance can be asked about its partitions of a topic.
///
/// It goes to others as a JSON object and comes back as one, with bodies beside it: spans and
/// figures are not JSON on the way. Of what is here, nothing is written or read for that.
///
/// @param <A> the answer, to all partitions that were asked for
sealed interface Question<A>
        permits DependenciesQuestion,
                OperationsQuestion,
                PieceQuestion,
                SearchQuestion,
                ServicesQuestion,
                TraceQuestion,
                VersionQuestion {

    /// What it is called in paths and metrics.
    String name();

    /// Whose spans it is about.
    Tenant tenant();

    /// Whether it is about the topic of dependencies, and not that of traces.
    default boolean aboutDependencies() {
        return false;
    }

    /// Adds what is asked to a JSON object, but for the tenant.
    void write(JsonGenerator json) throws IOException;

    /// Answers from what is here.
    A answer(Share share);

    /// Answers from what is here, to somebody elsewhere.
    Encoded encoded(Share share);

    /// Reads what [#encoded] wrote.
    ///
    /// @throws IllegalArgumentException when it is no such answer
    A read(JsonFields fields, List<Slice> bodies);

    /// What an answer says about some of its partitions.
    ///
    /// @param placed which partition a trace lies in
    A only(A answer, IntPredicate partitions, ToIntFunction<TraceId> placed);

    /// An answer on its way.
    ///
    /// @param fields adds what it says to a JSON object
    /// @param bodies what it brings along beside that
    record Encoded(Fields fields, List<Slice> bodies) {

        public Encoded {
            bodies = List.copyOf(bodies);
        }
    }

    /// Writes some fields of an object.
    @FunctionalInterface
    interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    /// Reads what [#write] wrote.
    ///
    /// @param name of the question
    /// @throws IllegalArgumentException when there is no such question, naming what is wrong
    static Question<?> read(String name, JsonFields fields) {
        var tenant = new Tenant(fields.text("tenant"));
        return switch (name) {
            case TraceQuestion.NAME -> new TraceQuestion(tenant, traceId(fields));
            case PieceQuestion.NAME ->
                    new PieceQuestion(tenant, traceId(fields), fields.optionalText("from"));
            case VersionQuestion.NAME -> new VersionQuestion(tenant, traceId(fields));
            case SearchQuestion.NAME -> SearchQuestion.read(tenant, fields);
            case ServicesQuestion.NAME -> new ServicesQuestion(tenant);
            case OperationsQuestion.NAME -> new OperationsQuestion(tenant, fields.text("service"));
            case DependenciesQuestion.NAME ->
                    new DependenciesQuestion(tenant, fields.number("from"), fields.number("to"));
            default ->
                    throw new IllegalArgumentException(
                            "question: \"" + name + "\" (expected: one that is known here)");
        };
    }

    private static TraceId traceId(JsonFields fields) {
        return TraceId.parse(fields.text("trace"));
    }
}
