@NullMarked
package dev.millrace.wire.jaeger;

import org.jspecify.annotations.NullMarked;
