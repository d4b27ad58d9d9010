@NullMarked
package dev.millrace.storage.cached;

import org.jspecify.annotations.NullMarked;
