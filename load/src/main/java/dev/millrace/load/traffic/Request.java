package dev.millrace.load.traffic;

import dev.millrace.model.Slice;

/// One export request: OTLP `TracesData` and when to send it.
///
/// @param spans how many spans the body holds
/// @param delayNanos how long after the rest of its round it leaves; 0 for at once
public record Request(Slice body, int spans, long delayNanos) {}
