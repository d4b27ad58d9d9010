package dev.millrace.wire.otlp;

/// What was mended in a request, in spans that were taken in or in their resources and scopes.
/// Counted by the piece: the text, the value, the link.
public enum Repair {
    /// Text that was not UTF-8: each malformed piece became U+FFFD.
    INVALID_UTF8,
    /// Text or bytes of an attribute over the limit: cut, and the attribute `millrace.truncated`
    /// names the key.
    ATTRIBUTE_TRUNCATED,
    /// A link that points nowhere, its trace or span id not valid: left out, and counted in the
    /// span's dropped links.
    LINK_DROPPED
}
