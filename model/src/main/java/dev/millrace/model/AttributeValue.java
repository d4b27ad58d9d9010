package dev.millrace.model;

import java.util.List;

/// What an attribute may hold: OTLP's `AnyValue`.
public sealed interface AttributeValue {

    /// Text.
    record Text(String value) implements AttributeValue {
        @Override
        public String toString() {
            return value;
        }
    }

    /// True or false.
    record Bool(boolean value) implements AttributeValue {
        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    /// A signed 64-bit integer.
    record Int(long value) implements AttributeValue {
        @Override
        public String toString() {
            return Long.toString(value);
        }
    }

    /// A 64-bit floating-point number.
    record Real(double value) implements AttributeValue {
        @Override
        public String toString() {
            return Double.toString(value);
        }
    }

    /// Raw bytes.
    record Bytes(Slice value) implements AttributeValue {}

    /// An ordered list of values, of mixed kinds if the sender likes.
    record Array(List<AttributeValue> values) implements AttributeValue {
        public Array {
            values = List.copyOf(values);
        }

        @Override
        public String toString() {
            return values.toString();
        }
    }

    /// Nested attributes.
    record Nested(Attributes attributes) implements AttributeValue {
        @Override
        public String toString() {
            return attributes.toString();
        }
    }

    /// A value the sender left unset.
    record Empty() implements AttributeValue {
        @Override
        public String toString() {
            return "";
        }
    }
}
