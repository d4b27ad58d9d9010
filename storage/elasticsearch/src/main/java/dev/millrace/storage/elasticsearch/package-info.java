/// The store on Elasticsearch or OpenSearch.
///
/// [ElasticsearchStore] is the way in, [ElasticsearchConfig] says how to reach the servers, and
/// [IndexMaintenance] is for operators. Everything is in Jaeger's layout, so that a Jaeger can run
/// on the same indices: [SpanDocument] writes it, [SpanSource] reads it, [IndexNames] knows where.
/// What Jaeger's documents lose is kept beside, in the one field `millrace`. No other store is seen
/// from here.
@NullMarked
package dev.millrace.storage.elasticsearch;

import org.jspecify.annotations.NullMarked;
