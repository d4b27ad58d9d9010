/// What spans are written in when others write them, and the way from there to OTLP.
@NullMarked
package dev.millrace.pipeline.format;

import org.jspecify.annotations.NullMarked;
