package dev.millrace.storage.api;

import dev.millrace.model.SpanKind;
import java.util.Comparator;

/// A span name that a service has used, and the kind it used it with.
public record Operation(String name, SpanKind kind) implements Comparable<Operation> {

    private static final Comparator<Operation> ORDER =
            Comparator.comparing(Operation::name).thenComparing(Operation::kind);

    @Override
    public int compareTo(Operation other) {
        return ORDER.compare(this, other);
    }
}
