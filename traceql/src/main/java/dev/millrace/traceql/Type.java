package dev.millrace.traceql;

/// What is known of a value before there is a span.
public enum Type {
    /// Nothing: an attribute may hold anything.
    ANY("anything"),
    TEXT("text"),
    BOOL("true or false"),
    /// A number or a duration.
    NUMBER("a number"),
    STATUS("a status"),
    KIND("a kind");

    private final String shown;

    Type(String shown) {
        this.shown = shown;
    }

    boolean fits(Type other) {
        return this == ANY || other == ANY || this == other;
    }

    @Override
    public String toString() {
        return shown;
    }
}
