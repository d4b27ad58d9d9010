package dev.millrace.collector;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.sampling.HeadSampler;
import java.util.List;
import java.util.function.BiConsumer;

/// Sampling before the log.
///
/// @param sampler decides; shared with whoever tells it of load and of errors elsewhere
/// @param failed told of the traces that failed here, so that others keep what comes later of them;
///   must not block
public record HeadSampling(HeadSampler sampler, BiConsumer<Tenant, List<TraceId>> failed) {}
