package dev.millrace.traceql;

import dev.millrace.model.Attributes;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Span;
import java.util.List;
import java.util.function.Function;

/// What expressions and fields have on the spans of one trace.
final class Evaluation {

    private static final String SERVICE_NAME = "service.name";

    private final TraceIndex index;

    Evaluation(TraceIndex index) {
        this.index = index;
    }

    boolean holds(Expression condition, int place) {
        return value(condition, place) instanceof Value.Bool(boolean value) && value;
    }

    Value value(Expression expression, int place) {
        return switch (expression) {
            case Expression.Literal(Value value) -> value;
            case Attribute attribute -> value(attribute, index.span(place));
            case Intrinsic intrinsic -> value(intrinsic, place);
            case Expression.Compare(Comparison comparison, Expression left, Expression right) ->
                    bool(comparison.holds(value(left, place), value(right, place)));
            case Expression.Match match -> bool(matches(match, value(match.operand(), place)));
            case Expression.Exists(Expression operand, boolean negated) ->
                    bool(value(operand, place).equals(Value.nil()) == negated);
            case Expression.Calculate(Arithmetic arithmetic, Expression left, Expression right) ->
                    arithmetic.of(value(left, place), value(right, place));
            case Expression.Both(Expression left, Expression right) ->
                    bool(holds(left, place) && holds(right, place));
            case Expression.Either(Expression left, Expression right) ->
                    bool(holds(left, place) || holds(right, place));
            case Expression.Not(Expression operand) ->
                    value(operand, place) instanceof Value.Bool(boolean value)
                            ? bool(!value)
                            : Value.nil();
            case Expression.Minus(Expression operand) ->
                    Arithmetic.SUBTRACT.of(new Value.Int(0), value(operand, place));
        };
    }

    private static Value bool(boolean value) {
        return new Value.Bool(value);
    }

    private static boolean matches(Expression.Match match, Value value) {
        return switch (value) {
            case Value.Text(String text) -> match.pattern().matches(text) != match.negated();
            case Value.Several(List<Value> values) ->
                    match.negated()
                            ? values.stream().allMatch(one -> matches(match, one))
                            : values.stream().anyMatch(one -> matches(match, one));
            default -> false;
        };
    }

    private static Value value(Attribute attribute, Span span) {
        String key = attribute.key();
        return switch (attribute.scope()) {
            case SPAN -> find(span.attributes(), key);
            case RESOURCE -> ofResource(span, key);
            case EVENT -> several(span.events(), event -> find(event.attributes(), key));
            case LINK -> several(span.links(), link -> find(link.attributes(), key));
            case INSTRUMENTATION -> find(span.scope().attributes(), key);
            case ANY -> {
                for (var scope : AttributeScope.values()) {
                    var value =
                            scope == AttributeScope.ANY
                                    ? Value.nil()
                                    : value(new Attribute(scope, key), span);
                    if (!value.equals(Value.nil())) {
                        yield value;
                    }
                }
                yield Value.nil();
            }
        };
    }

    // A span belongs to a service even when its resource does not say so.
    private static Value ofResource(Span span, String key) {
        return key.equals(SERVICE_NAME)
                ? new Value.Text(span.serviceName())
                : find(span.resource().attributes(), key);
    }

    private static Value find(Attributes attributes, String key) {
        return attributes.find(key).map(Value::of).orElse(Value.nil());
    }

    private static <T> Value several(List<T> parts, Function<T, Value> valueOf) {
        return Value.of(
                parts.stream().map(valueOf).filter(value -> !value.equals(Value.nil())).toList());
    }

    private Value value(Intrinsic intrinsic, int place) {
        var span = index.span(place);
        return switch (intrinsic) {
            case DURATION -> new Value.Duration(span.durationNanos());
            case NAME -> new Value.Text(span.name());
            case STATUS -> new Value.StatusCode(span.status().code());
            case STATUS_MESSAGE -> new Value.Text(span.status().message());
            case KIND -> new Value.Kind(span.kind());
            case CHILD_COUNT -> new Value.Int(index.children(place).size());
            case ROOT_NAME -> ofRoot(Span::name);
            case ROOT_SERVICE_NAME -> ofRoot(Span::serviceName);
            case TRACE_DURATION -> new Value.Duration(index.trace().durationNanos());
            case NESTED_SET_LEFT -> new Value.Int(index.left(place));
            case NESTED_SET_RIGHT -> new Value.Int(index.right(place));
            case NESTED_SET_PARENT -> new Value.Int(index.parentLeft(place));
            case TRACE_ID -> new Value.Text(span.traceId().toString());
            case SPAN_ID -> new Value.Text(span.spanId().toString());
            case PARENT_ID -> {
                var parent = span.parentSpanId();
                yield parent == null ? Value.nil() : new Value.Text(parent.toString());
            }
            case EVENT_NAME -> several(span.events(), event -> new Value.Text(event.name()));
            case EVENT_TIME_SINCE_START -> several(span.events(), event -> sinceStart(span, event));
            case LINK_TRACE_ID -> several(span.links(), Evaluation::traceId);
            case LINK_SPAN_ID ->
                    several(span.links(), link -> new Value.Text(link.spanId().toString()));
            case INSTRUMENTATION_NAME -> new Value.Text(span.scope().name());
            case INSTRUMENTATION_VERSION -> new Value.Text(span.scope().version());
        };
    }

    private static Value sinceStart(Span span, Event event) {
        return new Value.Duration(event.timeNanos() - span.startNanos());
    }

    private static Value traceId(Link link) {
        return new Value.Text(link.traceId().toString());
    }

    private Value ofRoot(Function<Span, String> part) {
        return index.trace()
                .root()
                .map(root -> (Value) new Value.Text(part.apply(root)))
                .orElse(Value.nil());
    }
}
