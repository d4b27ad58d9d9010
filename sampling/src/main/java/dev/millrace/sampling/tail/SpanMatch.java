package dev.millrace.sampling.tail;

import dev.millrace.model.Glob;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.SpanIndex;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whether a span meets a [SpanCondition], read from its bytes.
final class SpanMatch {

    // Numbers of the fields in OTLP's messages.
    private static final int SPAN_ATTRIBUTES = 9;
    private static final int SPAN_FLAGS = 16;
    private static final int HEAD_BODY = 1;
    private static final int RESOURCE_ATTRIBUTES = 1;
    private static final int SCOPE_ATTRIBUTES = 3;
    private static final int SAMPLED = 1;

    private SpanMatch() {}

    /// Whether one of the spans does.
    static boolean any(SpanCondition condition, SpanIndex index, int[] spans) {
        int knownScope = -1;
        boolean ofService = false;
        for (int span : spans) {
            int scope = index.scope(span);
            if (scope != knownScope) {
                knownScope = scope;
                ofService = condition.service().matches(index.serviceOf(scope));
            }
            if (ofService && matches(condition, index, span)) {
                return true;
            }
        }
        return false;
    }

    private static boolean matches(SpanCondition condition, SpanIndex index, int span) {
        if (condition.error().isPresent() && condition.error().get() != index.error(span)) {
            return false;
        }
        if (condition.kind().isPresent() && condition.kind().get() != index.kind(span)) {
            return false;
        }
        if (index.end(span) - index.start(span) < condition.leastNanos()) {
            return false;
        }
        if (!condition.operation().isAny()
                && !condition.operation().matches(index.name(span).toText())) {
            return false;
        }
        if (condition.sampled().isPresent()
                && condition.sampled().get() != isSampled(index.span(span))) {
            return false;
        }
        return hasStates(condition.traceState(), index.traceState(span))
                && hasAttributes(condition.attributes(), index, span);
    }

    private static boolean isSampled(Slice span) {
        var reader = ProtoReader.of(span);
        int flags = 0;
        while (reader.next() != 0) {
            if (reader.field() == SPAN_FLAGS && reader.wireType() == ProtoReader.FIXED32) {
                flags = reader.fixed32();
            } else {
                reader.skip();
            }
        }
        return (flags & SAMPLED) != 0;
    }

    private static boolean hasStates(Map<String, Glob> wanted, Slice traceState) {
        if (wanted.isEmpty()) {
            return true;
        }
        int found = 0;
        for (String member : traceState.toText().split(",", -1)) {
            int equals = member.indexOf('=');
            if (equals > 0) {
                var form = wanted.get(member.substring(0, equals).strip());
                if (form != null && form.matches(member.substring(equals + 1).strip())) {
                    found++;
                }
            }
        }
        return found >= wanted.size();
    }

    private static boolean hasAttributes(
            Map<String, ValueCondition> wanted, SpanIndex index, int span) {
        for (var each : wanted.entrySet()) {
            Slice value = attribute(each.getKey(), index, span);
            if (value == null || !holds(each.getValue(), value)) {
                return false;
            }
        }
        return true;
    }

    /// The bytes of the `AnyValue`, from the nearest place that has it.
    private static @Nullable Slice attribute(String name, SpanIndex index, int span) {
        Slice key = Slice.of(name.getBytes(StandardCharsets.UTF_8));
        Slice value = value(index.span(span), SPAN_ATTRIBUTES, key);
        int scope = index.scope(span);
        if (value == null) {
            value = inHead(index.scopeHead(scope), SCOPE_ATTRIBUTES, key);
        }
        return value != null
                ? value
                : inHead(index.resourceHead(index.resourceOf(scope)), RESOURCE_ATTRIBUTES, key);
    }

    private static @Nullable Slice inHead(Slice head, int attributes, Slice key) {
        Slice value = null;
        var reader = ProtoReader.of(head);
        while (reader.next() != 0) {
            if (reader.field() == HEAD_BODY && reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                Slice found = value(reader.slice(), attributes, key);
                value = found == null ? value : found;
            } else {
                reader.skip();
            }
        }
        return value;
    }

    private static @Nullable Slice value(Slice message, int attributes, Slice key) {
        var reader = ProtoReader.of(message);
        while (reader.next() != 0) {
            if (reader.field() != attributes || reader.wireType() != ProtoReader.LENGTH_DELIMITED) {
                reader.skip();
                continue;
            }
            Slice name = Slice.EMPTY;
            Slice value = Slice.EMPTY;
            var pair = ProtoReader.of(reader.slice());
            while (pair.next() != 0) {
                switch (pair.field()) {
                    case 1 -> name = pair.slice();
                    case 2 -> value = pair.slice();
                    default -> pair.skip();
                }
            }
            if (name.equals(key)) {
                return value;
            }
        }
        return null;
    }

    private static boolean holds(ValueCondition condition, Slice anyValue) {
        return holds(condition, scalar(anyValue));
    }

    private static boolean holds(ValueCondition condition, @Nullable Object value) {
        return switch (condition) {
            case ValueCondition.Present _ -> true;
            case ValueCondition.Text text ->
                    value != null && text.form().matches(String.valueOf(value));
            case ValueCondition.Range range -> {
                double number = number(value);
                yield number >= range.least() && number <= range.most();
            }
            case ValueCondition.AnyOf several ->
                    several.values().stream().anyMatch(each -> holds(each, value));
            case ValueCondition.Truth truth ->
                    value instanceof Boolean bool
                            ? bool == truth.value()
                            : String.valueOf(truth.value()).equals(value);
        };
    }

    private static double number(@Nullable Object value) {
        return switch (value) {
            case Long number -> number;
            case Double number -> number;
            case String text -> {
                try {
                    yield Double.parseDouble(text);
                } catch (NumberFormatException _) {
                    yield Double.NaN;
                }
            }
            case null, default -> Double.NaN;
        };
    }

    /// The value of an `AnyValue` that is one text, number or boolean; null for lists and the like.
    private static @Nullable Object scalar(Slice anyValue) {
        Object value = null;
        var reader = ProtoReader.of(anyValue);
        while (reader.next() != 0) {
            switch (reader.field()) {
                case 1 -> value = reader.slice().toText();
                case 2 -> value = reader.varint() != 0;
                case 3 -> value = reader.varint();
                case 4 -> value = Double.longBitsToDouble(reader.fixed64());
                default -> {
                    reader.skip();
                    value = null;
                }
            }
        }
        return value;
    }
}
