/// Zipkin's own encoders against our decoders, and our encoders against both.
@NullMarked
package dev.millrace.wire.zipkin;

import org.jspecify.annotations.NullMarked;
