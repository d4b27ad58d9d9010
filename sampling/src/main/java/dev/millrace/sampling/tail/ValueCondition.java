package dev.millrace.sampling.tail;

import dev.millrace.model.Glob;
import java.util.List;

/// What the value of an attribute meets.
public sealed interface ValueCondition {

    /// The attribute is there.
    record Present() implements ValueCondition {}

    /// Text of one of these forms. A number or a boolean is compared as it is written.
    record Text(Glob form) implements ValueCondition {}

    /// A number in a range, both ends included. Text that is a number counts as one, because some
    /// formats carry nothing else.
    record Range(double least, double most) implements ValueCondition {
        public Range {
            if (!(least <= most)) {
                throw new IllegalArgumentException(
                        "at-least: "
                                + least
                                + ", at-most: "
                                + most
                                + " (expected: at-least not above at-most)");
            }
        }
    }

    /// One of several.
    record AnyOf(List<ValueCondition> values) implements ValueCondition {
        public AnyOf {
            values = List.copyOf(values);
            if (values.isEmpty()) {
                throw new IllegalArgumentException("any-of: [] (expected: at least one value)");
            }
        }
    }

    /// True or false.
    record Truth(boolean value) implements ValueCondition {}
}
