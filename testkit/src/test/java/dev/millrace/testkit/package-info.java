/// The fixtures are tested like everything else: other tests stand on them.
@NullMarked
package dev.millrace.testkit;

import org.jspecify.annotations.NullMarked;
