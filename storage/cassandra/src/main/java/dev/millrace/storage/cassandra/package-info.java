/// The store that keeps traces in Cassandra, in the tables that Jaeger has there.
///
/// [CassandraTraceStore] is the entry point. Jaeger reads what is written here and the other way
/// round; what its rows have no place for lies in columns and tables of our own, whose names begin
/// with `millrace_`. All that is there, is in [Schema]. Spans become rows in [FragmentRows] and
/// spans again in [TraceReader]; a [Search] takes candidates from indexes, newest first, and looks
/// at the traces themselves.
@NullMarked
package dev.millrace.storage.cassandra;

import org.jspecify.annotations.NullMarked;
