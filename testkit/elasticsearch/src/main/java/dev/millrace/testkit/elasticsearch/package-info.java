/// Starts a node of Elasticsearch, in a process of its own.
///
/// [ElasticsearchNode] is its `main`. Tests do not see it: `testkit/search` starts the process.
@NullMarked
package dev.millrace.testkit.elasticsearch;

import org.jspecify.annotations.NullMarked;
