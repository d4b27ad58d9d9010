package dev.millrace.query;

import com.google.re2j.Pattern;
import dev.millrace.model.Resource;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.traceql.Attribute;
import dev.millrace.traceql.AttributeScope;
import dev.millrace.traceql.Comparison;
import dev.millrace.traceql.Expression;
import dev.millrace.traceql.Field;
import dev.millrace.traceql.Intrinsic;
import dev.millrace.traceql.Pipeline;
import dev.millrace.traceql.SpansetExpression;
import dev.millrace.traceql.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a store is asked for so that nothing a query selects is missed: a few searches, of which
/// every trace that the query selects spans of meets at least one, with one of its spans.
///
/// A store may find more than the query selects. What is beyond its conditions, such as `!=`, a
/// regular expression or how spans hang together, restricts nothing here.
///
/// @param alternatives none when the query selects nothing
record SearchPlan(List<Conditions> alternatives) {

    private static final int MAX_ALTERNATIVES = 8;
    private static final Pattern PLAIN_WORDS = Pattern.compile("[\\w /@:-]+(\\|[\\w /@:-]+)*");
    private static final String SERVICE_NAME = "service.name";

    private static final SearchPlan EVERYTHING = new SearchPlan(List.of(Conditions.NONE));
    private static final SearchPlan NOTHING = new SearchPlan(List.of());

    /// Conditions on one span, as a [TraceSearch] has them.
    record Conditions(
            @Nullable String service,
            @Nullable String operation,
            @Nullable SpanKind kind,
            Status.@Nullable Code status,
            List<AttributeMatch> attributes,
            long minNanos,
            long maxNanos) {

        private static final Conditions NONE =
                new Conditions(null, null, null, null, List.of(), 0, Long.MAX_VALUE);

        Conditions {
            attributes = List.copyOf(attributes);
        }

        private static Conditions service(String service) {
            return new Conditions(service, null, null, null, List.of(), 0, Long.MAX_VALUE);
        }

        private static Conditions operation(String operation) {
            return new Conditions(null, operation, null, null, List.of(), 0, Long.MAX_VALUE);
        }

        private static Conditions kind(SpanKind kind) {
            return new Conditions(null, null, kind, null, List.of(), 0, Long.MAX_VALUE);
        }

        private static Conditions status(Status.Code status) {
            return new Conditions(null, null, null, status, List.of(), 0, Long.MAX_VALUE);
        }

        private static Conditions attribute(String key, String text) {
            var match = new AttributeMatch(key, text);
            return new Conditions(null, null, null, null, List.of(match), 0, Long.MAX_VALUE);
        }

        private static Conditions duration(long minNanos, long maxNanos) {
            return new Conditions(null, null, null, null, List.of(), minNanos, maxNanos);
        }

        /// Both together; empty when no span meets both.
        private Optional<Conditions> and(Conditions other) {
            long min = Math.max(minNanos, other.minNanos);
            long max = Math.min(maxNanos, other.maxNanos);
            boolean possible =
                    compatible(service, other.service)
                            && compatible(operation, other.operation)
                            && compatible(kind, other.kind)
                            && compatible(status, other.status)
                            && (min == 0 || min <= max);
            if (!possible) {
                return Optional.empty();
            }
            var matches =
                    Stream.concat(attributes.stream(), other.attributes.stream())
                            .distinct()
                            .toList();
            return Optional.of(
                    new Conditions(
                            service == null ? other.service : service,
                            operation == null ? other.operation : operation,
                            kind == null ? other.kind : kind,
                            status == null ? other.status : status,
                            matches,
                            min,
                            max));
        }

        private static boolean compatible(@Nullable Object a, @Nullable Object b) {
            return a == null || b == null || Objects.equals(a, b);
        }

        /// Begins a search for them.
        TraceSearch.Builder search() {
            return TraceSearch.builder()
                    .service(service)
                    .operation(operation)
                    .kind(kind)
                    .status(status)
                    .attributes(attributes)
                    .duration(minNanos, maxNanos);
        }
    }

    SearchPlan {
        alternatives = List.copyOf(alternatives);
    }

    static SearchPlan of(Pipeline pipeline) {
        return pipeline.stages().stream()
                .filter(SpansetExpression.class::isInstance)
                .map(stage -> of((SpansetExpression) stage))
                .reduce(EVERYTHING, SearchPlan::narrower);
    }

    private static SearchPlan of(SpansetExpression expression) {
        return switch (expression) {
            case SpansetExpression.Filter(Expression condition) -> of(condition);
            case SpansetExpression.Nested(Pipeline pipeline) -> of(pipeline);
            case SpansetExpression.Combine combine ->
                    switch (combine.combination()) {
                        case OR -> of(combine.left()).or(of(combine.right()));
                        // What is selected is of the right side; the left one may be empty.
                        case NOT_DESCENDANT, NOT_ANCESTOR, NOT_CHILD, NOT_PARENT, NOT_SIBLING ->
                                of(combine.right());
                        // Both sides have a span, so either may be looked for.
                        case AND,
                                DESCENDANT,
                                ANCESTOR,
                                CHILD,
                                PARENT,
                                SIBLING,
                                UNION_DESCENDANT,
                                UNION_ANCESTOR,
                                UNION_CHILD,
                                UNION_PARENT,
                                UNION_SIBLING ->
                                of(combine.left()).narrower(of(combine.right()));
                    };
        };
    }

    private static SearchPlan of(Expression expression) {
        return switch (expression) {
            case Expression.Literal(Value value) ->
                    value.equals(new Value.Bool(false)) ? NOTHING : EVERYTHING;
            case Expression.Both(Expression left, Expression right) -> of(left).and(of(right));
            case Expression.Either(Expression left, Expression right) -> of(left).or(of(right));
            case Expression.Compare(
                            Comparison comparison,
                            Field field,
                            Expression.Literal(Value value)) ->
                    of(field, comparison, value);
            case Expression.Compare(
                            Comparison comparison,
                            Expression.Literal(Value value),
                            Field field) ->
                    of(field, comparison.flipped(), value);
            case Expression.Match match when !match.negated() -> of(match);
            case Attribute attribute -> of(attribute, Comparison.EQUAL, new Value.Bool(true));
            case Intrinsic _,
                    Expression.Compare _,
                    Expression.Match _,
                    Expression.Exists _,
                    Expression.Calculate _,
                    Expression.Not _,
                    Expression.Minus _ ->
                    EVERYTHING;
        };
    }

    // Grafana asks for several values of a field with a pattern that lists them.
    private static SearchPlan of(Expression.Match match) {
        Pattern pattern = match.pattern();
        boolean listed = pattern.flags() == 0 && PLAIN_WORDS.matches(pattern.pattern());
        if (!(match.operand() instanceof Field field) || !listed) {
            return EVERYTHING;
        }
        return Arrays.stream(pattern.pattern().split("\\|", -1))
                .map(word -> of(field, Comparison.EQUAL, new Value.Text(word)))
                .reduce(NOTHING, SearchPlan::or);
    }

    private static SearchPlan of(Field field, Comparison comparison, Value value) {
        if (field == Intrinsic.DURATION) {
            return ofDuration(comparison, value);
        }
        if (comparison != Comparison.EQUAL) {
            return EVERYTHING;
        }
        return switch (field) {
            case Attribute attribute -> ofAttribute(attribute, value);
            case Intrinsic intrinsic ->
                    switch (value) {
                        case Value.Text(String text)
                                when intrinsic == Intrinsic.NAME && !text.isEmpty() ->
                                only(Conditions.operation(text));
                        case Value.StatusCode(Status.Code code) -> only(Conditions.status(code));
                        case Value.Kind(SpanKind kind) -> only(Conditions.kind(kind));
                        default -> EVERYTHING;
                    };
        };
    }

    private static SearchPlan ofDuration(Comparison comparison, Value value) {
        long nanos;
        switch (value) {
            case Value.Duration(long duration) -> nanos = duration;
            case Value.Int(long number) -> nanos = number;
            default -> {
                return EVERYTHING;
            }
        }
        boolean noneGreater = nanos == Long.MAX_VALUE;
        boolean noneLess = nanos == Long.MIN_VALUE;
        return switch (comparison) {
            case EQUAL -> only(Conditions.duration(Math.max(0, nanos), nanos));
            case NOT_EQUAL -> EVERYTHING;
            case AT_LEAST -> only(Conditions.duration(Math.max(0, nanos), Long.MAX_VALUE));
            case GREATER ->
                    noneGreater
                            ? NOTHING
                            : only(Conditions.duration(Math.max(0, nanos + 1), Long.MAX_VALUE));
            case AT_MOST -> only(Conditions.duration(0, nanos));
            case LESS -> noneLess ? NOTHING : only(Conditions.duration(0, nanos - 1));
        };
    }

    private static SearchPlan ofAttribute(Attribute attribute, Value value) {
        String key = attribute.key();
        if (key.equals(SERVICE_NAME)
                && value instanceof Value.Text(String service)
                && attribute.scope() != AttributeScope.SPAN) {
            return ofService(attribute.scope(), service);
        }
        return switch (value) {
            case Value.Text(String text) when !text.isEmpty() ->
                    only(Conditions.attribute(key, text));
            case Value.Bool(boolean truth) ->
                    only(Conditions.attribute(key, Boolean.toString(truth)));
            case Value.Int(long number) when number != 0 ->
                    withReal(key, number).or(only(Conditions.attribute(key, "" + number)));
            case Value.Real(double number) when number != 0 && Double.isFinite(number) ->
                    withWhole(key, number)
                            .or(only(Conditions.attribute(key, Double.toString(number))));
            // Zero is written in three ways, and what is no attribute's text in none.
            default -> EVERYTHING;
        };
    }

    // A store knows the service of a span whose resource does not name one by another name.
    private static SearchPlan ofService(AttributeScope scope, String service) {
        return switch (scope) {
            case RESOURCE -> service.isEmpty() ? NOTHING : only(Conditions.service(service));
            case ANY ->
                    service.isEmpty() || service.equals(Resource.UNKNOWN_SERVICE)
                            ? EVERYTHING
                            : only(Conditions.attribute(SERVICE_NAME, service));
            case SPAN, EVENT, LINK, INSTRUMENTATION ->
                    service.isEmpty()
                            ? EVERYTHING
                            : only(Conditions.attribute(SERVICE_NAME, service));
        };
    }

    // A sender may have written a whole number as a decimal one.
    private static SearchPlan withReal(String key, long number) {
        double real = number;
        boolean exact = real < 0x1p63 && (long) real == number;
        return exact ? only(Conditions.attribute(key, Double.toString(real))) : NOTHING;
    }

    private static SearchPlan withWhole(String key, double number) {
        boolean whole = number == Math.rint(number) && Math.abs(number) < 0x1p63;
        return whole ? only(Conditions.attribute(key, Long.toString((long) number))) : NOTHING;
    }

    private static SearchPlan only(Conditions conditions) {
        return new SearchPlan(List.of(conditions));
    }

    private boolean everything() {
        return alternatives.contains(Conditions.NONE);
    }

    private SearchPlan or(SearchPlan other) {
        var all =
                Stream.concat(alternatives.stream(), other.alternatives.stream())
                        .distinct()
                        .toList();
        boolean restricts = !everything() && !other.everything() && all.size() <= MAX_ALTERNATIVES;
        return restricts ? new SearchPlan(all) : EVERYTHING;
    }

    private SearchPlan and(SearchPlan other) {
        if (alternatives.size() * other.alternatives.size() > MAX_ALTERNATIVES) {
            return narrower(other);
        }
        var all = new ArrayList<Conditions>();
        for (var one : alternatives) {
            other.alternatives.forEach(another -> one.and(another).ifPresent(all::add));
        }
        return new SearchPlan(all.stream().distinct().toList());
    }

    /// Of two plans that both miss nothing, the one that finds less, as far as can be told.
    private SearchPlan narrower(SearchPlan other) {
        if (everything() || other.everything()) {
            return everything() ? other : this;
        }
        return other.alternatives.size() < alternatives.size() ? other : this;
    }
}
