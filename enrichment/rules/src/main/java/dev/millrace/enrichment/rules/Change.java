package dev.millrace.enrichment.rules;

import dev.millrace.enrichment.api.AttributesDraft;
import dev.millrace.model.AttributeValue;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// What a rule does to the attributes in one place.
sealed interface Change {

    void make(AttributesDraft attributes);

    /// Gives attributes values, whether or not they are there.
    record SetTo(Map<String, AttributeValue> values) implements Change {
        public SetTo {
            values = new LinkedHashMap<>(values);
        }

        @Override
        public void make(AttributesDraft attributes) {
            values.forEach(attributes::set);
        }
    }

    /// Gives attributes other keys.
    record Rename(Map<String, String> keys) implements Change {
        public Rename {
            keys = new LinkedHashMap<>(keys);
        }

        @Override
        public void make(AttributesDraft attributes) {
            keys.forEach(attributes::rename);
        }
    }

    /// Puts something else in the place of values.
    record Redact(Selection what, Replacement with) implements Change {
        @Override
        public void make(AttributesDraft attributes) {
            what.replace(attributes, value -> Optional.of(with.of(value)));
        }
    }

    /// Takes attributes away.
    record Drop(Selection what) implements Change {
        @Override
        public void make(AttributesDraft attributes) {
            what.replace(attributes, _ -> Optional.empty());
        }
    }
}
