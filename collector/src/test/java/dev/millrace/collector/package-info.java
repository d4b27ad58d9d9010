/// The collector under real clients: OpenTelemetry's exporters, plain HTTP and hand-made gRPC
/// frames, all against a real server on ports of its own.
@NullMarked
package dev.millrace.collector;

import org.jspecify.annotations.NullMarked;
