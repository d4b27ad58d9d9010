/// Tests of the package of the same name.
@NullMarked
package dev.millrace.sampling.tail;

import org.jspecify.annotations.NullMarked;
