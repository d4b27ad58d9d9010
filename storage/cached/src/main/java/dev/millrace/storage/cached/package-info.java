/// A store that remembers what it was asked.
///
/// [CachedTraceStore] stands before any other store, and is where to begin. What it remembers it
/// keeps in [dev.millrace.cache.SharedBytes], of its process or in Redis, as [CachedTrace] and
/// [CachedNames]; who asks for the same thing at once waits for one answer, by [SingleFlight].
@NullMarked
package dev.millrace.storage.cached;

import org.jspecify.annotations.NullMarked;
