/// Starts a node of OpenSearch, in a process of its own.
///
/// [OpenSearchNode] is its `main`. Tests do not see it: `testkit/search` starts the process.
@NullMarked
package dev.millrace.testkit.opensearch;

import org.jspecify.annotations.NullMarked;
