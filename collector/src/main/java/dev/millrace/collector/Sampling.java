package dev.millrace.collector;

import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.sampling.StrategyFile;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What is decided before spans reach the log: by the collector, and by SDKs that ask it.
///
/// @param head null to let every span go on
/// @param strategies what SDKs are told
public record Sampling(@Nullable HeadSampling head, Strategies strategies) {

    /// Every span goes on, and SDKs are told what Jaeger tells them where nothing is said.
    public static final Sampling NONE =
            new Sampling(
                    null,
                    _ ->
                            CompletableFuture.completedFuture(
                                    new SamplingStrategy.Probabilistic(
                                            StrategyFile.DEFAULT_PROBABILITY)));
}
