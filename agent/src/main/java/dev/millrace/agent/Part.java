package dev.millrace.agent;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import java.util.concurrent.CompletableFuture;

/// What one client has sent, and the promise made to it.
///
/// @param body OTLP `TracesData`, as it is to be stored
/// @param taken completes when a collector or the disk has the spans; fails with a
///   [dev.millrace.pipeline.SinkException]
record Part(Tenant tenant, Slice body, int spans, CompletableFuture<Void> taken) {}
