/// Receivers and admission: OTLP over gRPC and HTTP into the pipeline.
///
/// Start with [Collector], which opens the ports. Every request passes [Gate], which counts its
/// bytes against [Admission] from arrival to answer, then [GrpcReceiver] or [HttpReceiver], which
/// know their transport's manners, and ends in [SpanIntake], which does not: it splits the bytes by
/// trace and hands them to the sink. What a client is told, and whether it should try again, is
/// [Outcome]'s to say.
///
/// Nothing here builds a span, decides what is kept or knows where spans go; `wire` and `pipeline`
/// do.
@NullMarked
package dev.millrace.collector;

import org.jspecify.annotations.NullMarked;
