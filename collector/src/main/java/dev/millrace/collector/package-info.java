/// Receivers and admission: the protocols of OpenTelemetry, Zipkin and Jaeger into the pipeline.
///
/// Start with [Collector], which opens the ports. Every request passes [Gate], which counts its
/// bytes against [Admission] from arrival to answer, then [GrpcReceiver] or [HttpReceiver], which
/// know their transport's manners and leave those of a protocol to [GrpcProtocol] and
/// [HttpDialect], and ends in [SpanIntake], which knows neither: it has the bytes translated into
/// OTLP, splits them by trace and hands them to the sink. Sources that pull, rather than being sent
/// to, end there as well. What a client is told, and whether it should try again, is [Outcome]'s to
/// say.
///
/// Nothing here builds a span, decides what is kept or knows where spans go; `wire` and `pipeline`
/// do.
@NullMarked
package dev.millrace.collector;

import org.jspecify.annotations.NullMarked;
