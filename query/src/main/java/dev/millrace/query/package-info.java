/// Answers over HTTP and gRPC about what the stores keep, and the pages that show them.
///
/// [QueryServer] is the entry point: it binds all APIs and the pages to one port. [NativeEndpoints]
/// are ours, of which [NativeApi] speaks OTLP JSON and searches; [JaegerApi] and [ZipkinApi] speak
/// the JSON that the UIs of Jaeger and Zipkin and their clients read, [JaegerV3Api] Jaeger's newer
/// one, and Jaeger's take their traces from [JaegerTraces]. [TempoApi] speaks what Grafana reads of
/// Tempo, and [TempoStreaming] the same over gRPC: [SearchPlan] makes searches of a TraceQL query,
/// and a [BoundedScan] looks at what they find. [ZipkinUi] serves the UI of Zipkin itself.
///
/// An endpoint is a plain function from [Parameters] to an [Answer] that may block; [RequestGate]
/// gives it a thread, a deadline and a bounded number of neighbours, and a [Dialect] words its
/// failures. [GrpcServer] does the same for a [GrpcMethod], on a port of its own, for
/// [JaegerQueryV2] and [JaegerQueryV3]. So that nobody takes what belongs to the others there are
/// [RequestRates] for tenants, a [LimitedStore] for searches and so many [Readers] at once. A
/// [StoredTrace] may be too large to be held, and is then written out piece by piece.
///
/// Traces come from `storage/api` alone; nothing here knows a particular store, Kafka or the way
/// spans came in.
@NullMarked
package dev.millrace.query;

import org.jspecify.annotations.NullMarked;
