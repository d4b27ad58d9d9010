package dev.millrace.load.traffic;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import java.util.ArrayList;
import java.util.List;

/// Attributes in the making. Not safe for threads.
final class Words {

    private final ArrayList<Attribute> entries = new ArrayList<>(12);

    Words put(String key, String value) {
        entries.add(new Attribute(key, new AttributeValue.Text(value)));
        return this;
    }

    Words put(String key, long value) {
        entries.add(new Attribute(key, new AttributeValue.Int(value)));
        return this;
    }

    Words put(String key, double value) {
        entries.add(new Attribute(key, new AttributeValue.Real(value)));
        return this;
    }

    Words put(String key, boolean value) {
        entries.add(new Attribute(key, new AttributeValue.Bool(value)));
        return this;
    }

    Words put(String key, List<String> values) {
        entries.add(
                new Attribute(
                        key,
                        new AttributeValue.Array(
                                values.stream()
                                        .<AttributeValue>map(AttributeValue.Text::new)
                                        .toList())));
        return this;
    }

    Attributes attributes() {
        return new Attributes(entries);
    }
}
