package dev.millrace.wire.otlp;

/// What was mended in a request, in spans that were taken in or in their resources and scopes.
/// Counted by the piece: the text, the value, the link, the resource, the span.
public enum Repair {
    /// Text that was not UTF-8: each malformed piece became U+FFFD.
    INVALID_UTF8,
    /// Text or bytes of an attribute over the limit: cut, and the attribute `millrace.truncated`
    /// names the key.
    ATTRIBUTE_TRUNCATED,
    /// An attribute over the number a holder may have: left out, and counted in the holder's
    /// dropped attributes.
    ATTRIBUTE_DROPPED,
    /// A list or map nested deeper in an attribute than the limit: left empty, and the attribute
    /// `millrace.truncated` names the key.
    VALUE_TOO_DEEP,
    /// A link that points nowhere, its trace or span id not valid: left out, and counted in the
    /// span's dropped links.
    LINK_DROPPED,
    /// A resource without a service name, or with an empty one, or one that is not text: it became
    /// `unknown_service`, OpenTelemetry's word for it.
    SERVICE_NAME,
    /// An empty span name: it became `empty-span-name`, as Jaeger has it.
    NAME_EMPTY,
    /// A span that ended before it started, or has no end: it ends when it starts, and the
    /// attribute `millrace.end_time_unix_nano` keeps the end that was said.
    END_BEFORE_START
}
