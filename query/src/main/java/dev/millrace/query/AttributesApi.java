package dev.millrace.query;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Which attributes there are, and which values they have.
///
/// Stores keep neither, so both are read off the newest traces, so many and no more. An answer says
/// how many it has read, and is partial when there were others.
final class AttributesApi {

    /// Newest traces that are looked at.
    static final int MOST_LOOKED_AT = 500;

    private static final int PAGE_SIZE = 100;
    private static final int DEFAULT_LIMIT = 1_000;
    private static final int MOST_NAMES = 10_000;
    private static final int LONGEST_VALUE = 1_024;
    private static final Set<String> PARAMETERS =
            Set.of("service", "scope", "prefix", "start", "end", "limit");

    private final TraceStore store;
    private final BoundedScan scan;

    /// A value as a search takes it.
    private record Value(String text, String type) implements Comparable<Value> {

        private static final Comparator<Value> ORDER =
                Comparator.comparing(Value::text).thenComparing(Value::type);

        @Override
        public int compareTo(Value other) {
            return ORDER.compare(this, other);
        }

        /// Empty for what no search can ask for.
        private static Stream<Value> of(AttributeValue value) {
            String type =
                    switch (value) {
                        case AttributeValue.Text _ -> "string";
                        case AttributeValue.Bool _ -> "bool";
                        case AttributeValue.Int _ -> "int";
                        case AttributeValue.Real _ -> "double";
                        case AttributeValue.Array _ -> "array";
                        case AttributeValue.Bytes _,
                                AttributeValue.Nested _,
                                AttributeValue.Empty _ ->
                                "";
                    };
            return type.isEmpty() ? Stream.empty() : Stream.of(new Value(value.toString(), type));
        }
    }

    AttributesApi(TraceStore store, BoundedScan scan) {
        this.store = store;
        this.scan = scan;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/v1/attributes", "attributes", this::keys);
        routes.get("/v1/attributes/{key}/values", "attribute-values", this::values);
    }

    private Answer keys(Parameters parameters) {
        var question = new Question(parameters);
        var keys = new EnumMap<AttributeLevel, SortedSet<String>>(AttributeLevel.class);
        question.levels.forEach(level -> keys.put(level, new TreeSet<>()));
        int looked =
                look(
                        question,
                        span ->
                                keys.forEach((level, names) ->
                                        level.of(span)
                                                .forEach(attributes ->
                                                        attributes.forEach(attribute ->
                                                                question.keep(
                                                                        names, attribute.key())))));
        return Answer.json(
                        json -> {
                            json.writeStartObject();
                            json.writeObjectFieldStart("keys");
                            for (var level : keys.entrySet()) {
                                json.writeArrayFieldStart(level.getKey().word());
                                for (var key : level.getValue()) {
                                    json.writeString(key);
                                }
                                json.writeEndArray();
                            }
                            json.writeEndObject();
                            json.writeNumberField("tracesRead", looked);
                            question.gaps.writeTo(json);
                            json.writeEndObject();
                        })
                .lacking(question.gaps.reasons());
    }

    private Answer values(Parameters parameters) {
        var question = new Question(parameters);
        var key = parameters.variable("key");
        var values = new TreeSet<Value>();
        int looked =
                look(
                        question,
                        span ->
                                question.levels.stream()
                                        .flatMap(level -> level.of(span))
                                        .forEach(attributes -> {
                                            for (Attribute attribute : attributes) {
                                                if (attribute.key().equals(key)) {
                                                    question.keep(values, attribute.value());
                                                }
                                            }
                                        }));
        return Answer.json(
                        json -> {
                            json.writeStartObject();
                            json.writeStringField("key", key);
                            json.writeArrayFieldStart("values");
                            for (var value : values) {
                                json.writeStartObject();
                                json.writeStringField("type", value.type());
                                json.writeStringField("value", value.text());
                                json.writeEndObject();
                            }
                            json.writeEndArray();
                            json.writeNumberField("tracesRead", looked);
                            question.gaps.writeTo(json);
                            json.writeEndObject();
                        })
                .lacking(question.gaps.reasons());
    }

    /// What is asked, and what the answer lacks so far.
    private static final class Question {

        private final Parameters parameters;
        private final TimeRange range;
        private final Optional<String> service;
        private final List<AttributeLevel> levels;
        private final String prefix;
        private final int limit;
        private final Gaps gaps = new Gaps();

        private Question(Parameters parameters) {
            parameters.allowOnly(PARAMETERS, Set.of());
            this.parameters = parameters;
            this.range = TimeRange.of(parameters);
            this.service = parameters.text("service");
            this.levels =
                    parameters
                            .read("scope", AttributeLevel.EXPECTED, AttributeLevel::parse)
                            .map(List::of)
                            .orElse(List.of(AttributeLevel.values()));
            this.prefix = parameters.text("prefix").orElse("");
            this.limit = parameters.limit(DEFAULT_LIMIT, MOST_NAMES);
        }

        private void keep(SortedSet<String> names, String name) {
            if (name.startsWith(prefix)) {
                bounded(names, name);
            }
        }

        private void keep(SortedSet<Value> values, AttributeValue value) {
            Value.of(value)
                    .filter(found -> found.text().startsWith(prefix))
                    .forEach(found -> {
                        if (found.text().length() > LONGEST_VALUE) {
                            gaps.accept(
                                    "values of more than "
                                            + LONGEST_VALUE
                                            + " characters are left out");
                        } else {
                            bounded(values, found);
                        }
                    });
        }

        private <T> void bounded(SortedSet<T> found, T one) {
            if (found.add(one) && found.size() > limit) {
                found.removeLast();
                gaps.accept("there are more than " + limit + "; these are the first");
            }
        }
    }

    /// @return how many traces were looked at
    private int look(Question question, Consumer<Span> each) {
        var range = question.range;
        var asked =
                new SearchPlan.Conditions(
                        question.service.orElse(null),
                        null,
                        null,
                        null,
                        List.of(),
                        0,
                        Long.MAX_VALUE);
        var condition =
                new SpanCondition(
                        TraceSearch.builder()
                                .service(question.service.orElse(null))
                                .start(range.startNanos(), range.endNanos())
                                .build());
        var walk =
                new CandidateWalk(
                        store.tolerating(question.gaps),
                        question.parameters.tenant(),
                        new SearchPlan(List.of(asked)),
                        range.startNanos(),
                        range.endNanos(),
                        PAGE_SIZE);
        var result =
                scan.run(
                        walk,
                        Integer.MAX_VALUE,
                        (Trace trace) -> {
                            trace.spans().stream().filter(condition).forEach(each);
                            return Optional.empty();
                        });
        if (!result.complete()) {
            question.gaps.accept("only the newest " + result.looked() + " traces were looked at");
        }
        return result.looked();
    }
}
