package dev.millrace.traceql;

/// An attribute, by scope and key.
public record Attribute(AttributeScope scope, String key) implements Field {

    @Override
    public Type type() {
        return Type.ANY;
    }

    @Override
    public String label() {
        return key;
    }

    @Override
    public String toString() {
        boolean plain =
                key.chars().allMatch(c -> Character.isLetterOrDigit(c) || "._-".indexOf(c) >= 0);
        return scope.prefix()
                + "."
                + (plain ? key : '"' + key.replace("\\", "\\\\").replace("\"", "\\\"") + '"');
    }
}
