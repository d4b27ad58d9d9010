package dev.millrace.analysis;

import dev.millrace.model.SpanKind;

/// What a service does, by the name of its spans.
public record Operation(String service, String name, SpanKind kind) implements Series {}
