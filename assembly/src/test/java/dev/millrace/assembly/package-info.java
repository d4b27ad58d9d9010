@NullMarked
package dev.millrace.assembly;

import org.jspecify.annotations.NullMarked;
