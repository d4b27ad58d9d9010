/// The contract between Millrace and the stores that keep traces.
///
/// [TraceStore] is the whole of it: fragments go in, traces come out. What a store cannot do it
/// refuses with a [StoreException] whose kind says so; the suite in `storage/contract` holds every
/// store to both. Stores depend on this package and never on each other.
@NullMarked
package dev.millrace.storage.api;

import org.jspecify.annotations.NullMarked;
