package dev.millrace.traceql;

/// Something a span has a value for.
public sealed interface Field extends Expression permits Attribute, Intrinsic {

    /// The name it has in answers: without its scope.
    String label();

    /// Reads a field by itself, as it is written in a query; a name without a scope that is no
    /// intrinsic is an attribute of any.
    ///
    /// @throws TraceQlException when it is none
    static Field parse(String text) {
        return Parser.field(text);
    }
}
