/// Real servers of OpenSearch and Elasticsearch for tests.
///
/// Only for tests and proofs. [SearchServer] is all there is; what the servers are made of comes
/// from Maven, through the modules beside this one, and is on the class paths of their processes
/// alone.
@NullMarked
package dev.millrace.testkit.search;

import org.jspecify.annotations.NullMarked;
