/// The way of a span through the log: topics, producers, the aggregator and the ingester.
///
/// Start with [SpanSink], where the collector hands over what it accepted.
@NullMarked
package dev.millrace.pipeline;

import org.jspecify.annotations.NullMarked;
