/// Tests of the package of the same name.
@NullMarked
package dev.millrace.sampling;

import org.jspecify.annotations.NullMarked;
