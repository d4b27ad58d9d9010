/// What [TraceSplitter] and its neighbours promise, with seeds, and how fast they are.
@NullMarked
package dev.millrace.wire.otlp;

import org.jspecify.annotations.NullMarked;
