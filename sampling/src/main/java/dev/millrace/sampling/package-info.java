/// Which spans are kept, and what SDKs are told about it. Pure: no clock, no threads, no sockets.
@NullMarked
package dev.millrace.sampling;

import org.jspecify.annotations.NullMarked;
