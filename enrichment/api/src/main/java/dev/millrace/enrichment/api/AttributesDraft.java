package dev.millrace.enrichment.api;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/// Attributes that may still be changed. Not safe for threads.
public final class AttributesDraft {

    private final Attributes sent;
    private Attributes now;
    private boolean changed;

    AttributesDraft(Attributes sent) {
        this.sent = sent;
        this.now = sent;
    }

    /// As they are now.
    public Attributes now() {
        return now;
    }

    /// Whether they are not as they were sent.
    public boolean isChanged() {
        return changed;
    }

    public Optional<AttributeValue> find(String key) {
        return now.find(key);
    }

    /// Gives an attribute a value, in the place of one of the same key or at the end.
    public void set(String key, AttributeValue value) {
        if (key.isEmpty()) {
            throw new IllegalArgumentException("key: \"\" (expected: not empty)");
        }
        var next = new ArrayList<Attribute>(now.entries().size() + 1);
        boolean placed = false;
        for (var entry : now) {
            if (!entry.key().equals(key)) {
                next.add(entry);
            } else if (!placed) {
                next.add(new Attribute(key, value));
                placed = true;
            }
        }
        if (!placed) {
            next.add(new Attribute(key, value));
        }
        become(next);
    }

    public void set(String key, String value) {
        set(key, new AttributeValue.Text(value));
    }

    public void set(String key, long value) {
        set(key, new AttributeValue.Int(value));
    }

    public void set(String key, double value) {
        set(key, new AttributeValue.Real(value));
    }

    public void set(String key, boolean value) {
        set(key, new AttributeValue.Bool(value));
    }

    /// Gives an attribute another key. One that has that key already stays as it is, and the
    /// renamed one goes.
    public void rename(String from, String to) {
        if (to.isEmpty()) {
            throw new IllegalArgumentException("key: \"\" (expected: not empty)");
        }
        if (from.equals(to) || now.find(from).isEmpty()) {
            return;
        }
        boolean taken = now.find(to).isPresent();
        var next = new ArrayList<Attribute>(now.entries().size());
        for (var entry : now) {
            if (!entry.key().equals(from)) {
                next.add(entry);
            } else if (!taken) {
                next.add(new Attribute(to, entry.value()));
                taken = true;
            }
        }
        become(next);
    }

    public void remove(String key) {
        replaceAll((name, value) -> name.equals(key) ? Optional.empty() : Optional.of(value));
    }

    /// Gives every attribute the value that `change` has for its key and value; one for which it
    /// has none goes.
    public void replaceAll(BiFunction<String, AttributeValue, Optional<AttributeValue>> change) {
        var next = new ArrayList<Attribute>(now.entries().size());
        for (var entry : now) {
            change.apply(entry.key(), entry.value())
                    .ifPresent(value -> next.add(new Attribute(entry.key(), value)));
        }
        become(next);
    }

    private void become(List<Attribute> next) {
        changed = !next.equals(sent.entries());
        now = changed ? new Attributes(next) : sent;
    }

    @Override
    public String toString() {
        return now.toString();
    }
}
