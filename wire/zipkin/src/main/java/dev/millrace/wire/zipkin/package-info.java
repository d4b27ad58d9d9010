/// Zipkin's span formats, v1 and v2, to OTLP bytes and back.
///
/// Start with `ZipkinDecoder`.
@NullMarked
package dev.millrace.wire.zipkin;

import org.jspecify.annotations.NullMarked;
