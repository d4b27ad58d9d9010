/// Tests of a run against a real receiver, and of the truth it keeps.
@NullMarked
package dev.millrace.load;

import org.jspecify.annotations.NullMarked;
