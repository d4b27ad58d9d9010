/// Tests against a real Cassandra, which they share.
@NullMarked
package dev.millrace.storage.cassandra;

import org.jspecify.annotations.NullMarked;
