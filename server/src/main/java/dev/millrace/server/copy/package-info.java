/// Moving house: traces and figures from one store to another, whichever kinds they are.
@NullMarked
package dev.millrace.server.copy;

import org.jspecify.annotations.NullMarked;
