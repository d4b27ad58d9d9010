/// Tests of the package of the same name.
@NullMarked
package dev.millrace.cache;

import org.jspecify.annotations.NullMarked;
