package dev.millrace.pipeline;

import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.Grouping;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Where accepted spans go: the `spans` topic, or straight to assembly in direct mode.
///
/// Safe for any number of threads; never blocks.
public interface SpanSink {

    /// The largest chunks it has a use for, and the cheapest way to split a request for it. Smaller
    /// ones, by trace at the least, are as welcome.
    default Grouping grouping() {
        return Grouping.TRACE;
    }

    /// Takes the chunks over.
    ///
    /// The future completes when every chunk is as durable as the mode promises, and not before. It
    /// fails with a [SinkException], and the sender should send all of them again, when even one is
    /// not.
    CompletableFuture<Void> accept(Tenant tenant, List<TraceChunk> chunks);

    /// Accounts for spans that were acknowledged and dropped before they came here.
    ///
    /// The future completes when that is as durable as the mode promises; it fails with a
    /// [SinkException] when it is not.
    CompletableFuture<Void> sampledOut(Tenant tenant, int spans);
}
