/// The way of a span through the log: topics, producers, the aggregator and the ingester.
///
/// Start with [SpanSink], where the collector hands over what it accepted; [KafkaSpanSink] is the
/// way into the log. [Aggregator] makes traces of the spans there and [Ingester] stores them;
/// [DirectPipeline] does both without a log. What decides when a trace is complete is `assembly`,
/// and knows nothing of Kafka.
@NullMarked
package dev.millrace.pipeline;

import org.jspecify.annotations.NullMarked;
