/// Tests of what the workloads promise, read back through the decoder.
@NullMarked
package dev.millrace.load.traffic;

import org.jspecify.annotations.NullMarked;
