/// Answers over HTTP and gRPC about what the stores keep, and the pages that show them.
///
/// [QueryServer] is the entry point: it binds all APIs and the pages to one port. [NativeApi]
/// speaks OTLP JSON and a small search of our own; [JaegerApi] and [ZipkinApi] speak the JSON that
/// the UIs of Jaeger and Zipkin and their clients read, [JaegerV3Api] Jaeger's newer one; they take
/// their traces from [JaegerTraces]. [TempoApi] speaks what Grafana reads of Tempo: [SearchPlan]
/// makes searches of a TraceQL query, and a [BoundedScan] looks at what they find. An endpoint is a
/// plain function from [Parameters] to an [Answer] that may block; [RequestGate] gives it a thread,
/// a deadline and a bounded number of neighbours, and a [Dialect] words its failures. [GrpcServer]
/// does the same for a [GrpcMethod], on a port of its own, for [JaegerQueryV2] and [JaegerQueryV3].
///
/// Traces come from `storage/api` alone; nothing here knows a particular store, Kafka or the way
/// spans came in.
@NullMarked
package dev.millrace.query;

import org.jspecify.annotations.NullMarked;
