/// The embedded store: Lucene indices in time windows, bodies compressed with zstd.
///
/// Start at [LocalTraceStore]. Windows of time are directories, one Lucene index each; a fragment
/// is one document with a term for each thing a search may ask for and its folded and compressed
/// bytes. What the index finds are candidates only: the spans themselves decide. The figures of
/// services have an index of their own, [DependencyIndex]. What cannot be read any more is dealt
/// with by [Damage]. Nothing here knows about Kafka beyond the
/// [dev.millrace.storage.api.FragmentId] that makes writing idempotent, and nothing reads a clock:
/// the caller says when to expire.
@NullMarked
package dev.millrace.storage.local;

import org.jspecify.annotations.NullMarked;
