/// Spans to traces: grouping, duplicates, order and completion, in the time of the log.
///
/// Everything here is a pure function of its arguments or a state machine that is stepped from
/// outside. Nothing does I/O, reads a clock or starts a thread, so the same log gives the same
/// traces, byte for byte.
@NullMarked
package dev.millrace.assembly;

import org.jspecify.annotations.NullMarked;
