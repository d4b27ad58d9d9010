/// Tests of the door: decisions by themselves, and real connections through TLS.
@NullMarked
package dev.millrace.access;

import org.jspecify.annotations.NullMarked;
