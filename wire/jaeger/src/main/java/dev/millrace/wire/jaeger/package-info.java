/// Jaeger's span formats to OTLP bytes and back.
///
/// Start with `JaegerDecoder`.
@NullMarked
package dev.millrace.wire.jaeger;

import org.jspecify.annotations.NullMarked;
