/// The contract between Millrace and the stores that keep traces.
///
/// [TraceStore] is the heart of it: fragments go in, traces come out. [DependencyStore] keeps the
/// figures of services beside them. What a store cannot do it refuses with a [StoreException] whose
/// kind says so; the suite in `storage/contract` holds every store to that. Stores depend on this
/// package and never on each other.
@NullMarked
package dev.millrace.storage.api;

import org.jspecify.annotations.NullMarked;
