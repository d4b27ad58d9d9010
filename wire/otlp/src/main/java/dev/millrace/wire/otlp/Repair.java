package dev.millrace.wire.otlp;

/// What was mended in a span that was taken in.
public enum Repair {
    /// Text that was not UTF-8: each malformed piece became U+FFFD.
    INVALID_UTF8,
    /// Text or bytes of an attribute over the limit: cut, and the attribute `millrace.truncated`
    /// names the key.
    ATTRIBUTE_TRUNCATED
}
