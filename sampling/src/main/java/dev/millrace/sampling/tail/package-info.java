/// Which complete traces are stored: policies, what they depend on besides the trace, and the
/// verdicts they give. Pure: no clock, no threads, no sockets.
@NullMarked
package dev.millrace.sampling.tail;

import org.jspecify.annotations.NullMarked;
