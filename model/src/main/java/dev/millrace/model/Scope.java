package dev.millrace.model;

/// The instrumentation that recorded a span: OTLP's `InstrumentationScope`.
///
/// @param schemaUrl of the spans in this scope; empty when unknown
public record Scope(
        String name,
        String version,
        Attributes attributes,
        int droppedAttributes,
        String schemaUrl) {

    public static final Scope EMPTY = new Scope("", "", Attributes.EMPTY, 0, "");
}
