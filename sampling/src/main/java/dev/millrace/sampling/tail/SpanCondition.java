package dev.millrace.sampling.tail;

import dev.millrace.model.Glob;
import java.util.Map;
import java.util.Optional;

/// What one span meets as a whole: the same span, not one span for each line.
///
/// @param service of the span's resource
/// @param operation the span's name
/// @param kind OTLP's number of the kind, empty for any
/// @param error whether it failed, empty for either
/// @param leastNanos how long it took at least
/// @param attributes by key; looked for in the span, then in its scope, then in its resource
/// @param traceState by key of the W3C trace state
/// @param sampled the flag the caller set, empty for either
public record SpanCondition(
        Glob service,
        Glob operation,
        Optional<Integer> kind,
        Optional<Boolean> error,
        long leastNanos,
        Map<String, ValueCondition> attributes,
        Map<String, Glob> traceState,
        Optional<Boolean> sampled) {

    /// Every span meets it.
    public static final SpanCondition ANY =
            new SpanCondition(
                    Glob.ANY,
                    Glob.ANY,
                    Optional.empty(),
                    Optional.empty(),
                    0,
                    Map.of(),
                    Map.of(),
                    Optional.empty());

    public SpanCondition {
        attributes = Map.copyOf(attributes);
        traceState = Map.copyOf(traceState);
    }
}
