/// What processes remember and share, in memory or in Redis.
@NullMarked
package dev.millrace.cache;

import org.jspecify.annotations.NullMarked;
