package dev.millrace.model;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Attributes in the order they were sent. Keys are meant to be unique; where a sender repeats one,
/// all are kept and the first is found.
public record Attributes(List<Attribute> entries) implements Iterable<Attributes.Attribute> {

    public static final Attributes EMPTY = new Attributes(List.of());

    /// A key and its value.
    public record Attribute(String key, AttributeValue value) {}

    public Attributes {
        entries = List.copyOf(entries);
    }

    public static Attributes of(Attribute... entries) {
        return new Attributes(List.of(entries));
    }

    public Optional<AttributeValue> find(String key) {
        for (var entry : entries) {
            if (entry.key().equals(key)) {
                return Optional.of(entry.value());
            }
        }
        return Optional.empty();
    }

    public boolean isEmpty() {
        return entries.isEmpty();
    }

    @Override
    public Iterator<Attribute> iterator() {
        return entries.iterator();
    }

    @Override
    public String toString() {
        return entries.stream()
                .map(entry -> entry.key() + "=" + entry.value())
                .collect(Collectors.joining(", ", "{", "}"));
    }
}
