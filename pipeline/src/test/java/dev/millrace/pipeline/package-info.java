/// The pipeline against a real broker, shared by all tests of a run.
@NullMarked
package dev.millrace.pipeline;

import org.jspecify.annotations.NullMarked;
