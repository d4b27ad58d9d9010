package dev.millrace.traceql;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// What a field has on a span, or a literal stands for.
public sealed interface Value {

    /// No value.
    record Nil() implements Value {
        @Override
        public String toString() {
            return "nil";
        }
    }

    /// Text.
    record Text(String text) implements Value {
        @Override
        public String toString() {
            return text;
        }
    }

    /// True or false.
    record Bool(boolean value) implements Value {
        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    /// A whole number.
    record Int(long number) implements Value {
        @Override
        public String toString() {
            return Long.toString(number);
        }
    }

    /// A decimal number.
    record Real(double number) implements Value {
        @Override
        public String toString() {
            return Double.toString(number);
        }
    }

    /// A time span. Compares with numbers as its nanoseconds.
    record Duration(long nanos) implements Value {
        @Override
        public String toString() {
            return nanos + "ns";
        }
    }

    /// A span's status.
    record StatusCode(Status.Code code) implements Value {
        @Override
        public String toString() {
            return code.name().toLowerCase(Locale.ROOT);
        }
    }

    /// A span's kind.
    record Kind(SpanKind kind) implements Value {
        @Override
        public String toString() {
            return kind.name().toLowerCase(Locale.ROOT);
        }
    }

    /// What several events or links of a span have.
    record Several(List<Value> values) implements Value {
        public Several {
            values = List.copyOf(values);
        }

        @Override
        public String toString() {
            return values.stream().map(Value::toString).collect(Collectors.joining(", "));
        }
    }

    /// An attribute that is there, but neither text, number nor truth: a list, bytes, nested ones.
    record Other(AttributeValue value) implements Value {
        @Override
        public String toString() {
            return value.toString();
        }
    }

    static Value nil() {
        return new Nil();
    }

    static Value of(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Text(String text) -> new Text(text);
            case AttributeValue.Bool(boolean bool) -> new Bool(bool);
            case AttributeValue.Int(long number) -> new Int(number);
            case AttributeValue.Real(double number) -> new Real(number);
            case AttributeValue.Bytes _, AttributeValue.Array _, AttributeValue.Nested _ ->
                    new Other(value);
            case AttributeValue.Empty() -> nil();
        };
    }

    /// What several values are as one.
    static Value of(List<Value> values) {
        return switch (values.size()) {
            case 0 -> nil();
            case 1 -> values.getFirst();
            default -> new Several(values);
        };
    }

    default Type type() {
        return switch (this) {
            case Text _ -> Type.TEXT;
            case Bool _ -> Type.BOOL;
            case Int _, Real _, Duration _ -> Type.NUMBER;
            case StatusCode _ -> Type.STATUS;
            case Kind _ -> Type.KIND;
            case Nil _, Several _, Other _ -> Type.ANY;
        };
    }
}
