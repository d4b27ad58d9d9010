/// OTLP bytes to model and back.
///
/// Two readers for two purposes: [TraceSplitter] scans, validates and slices a request without
/// building a single span, which is all the hot path needs; [OtlpDecoder] builds the model for
/// people to look at. Both follow opentelemetry-proto 1.x, where `ExportTraceServiceRequest` and
/// `TracesData` are the same bytes. No I/O, no threads, no clock.
@NullMarked
package dev.millrace.wire.otlp;

import org.jspecify.annotations.NullMarked;
