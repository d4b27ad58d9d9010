package dev.millrace.collector;

import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// What SDKs are told to sample, service by service.
///
/// Safe for any number of threads; never blocks.
public interface Strategies {

    /// Completes in a bounded time; fails where nobody can say.
    CompletableFuture<SamplingStrategy> strategy(String service);

    /// Sees what was taken in, before the head decides on it.
    default void observe(List<TraceChunk> chunks) {}
}
