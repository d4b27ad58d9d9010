/// Every form of the language, every error, and random queries against plain loops.
@NullMarked
package dev.millrace.traceql;

import org.jspecify.annotations.NullMarked;
