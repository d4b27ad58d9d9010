package dev.millrace.query;

import java.time.Duration;
import java.util.List;

/// How Zipkin's API behaves where Zipkin's server can be told.
///
/// @param searchEnabled whether traces and names can be searched for, or only fetched by id
/// @param strictTraceId whether ids must agree in all their 128 bits, and not only in the lower 64
/// @param defaultLookback how far a search goes back that does not say
/// @param autocompleteKeys tags whose values the UI offers
public record ZipkinConfig(
        boolean searchEnabled,
        boolean strictTraceId,
        Duration defaultLookback,
        List<String> autocompleteKeys) {

    static final ZipkinConfig DEFAULT = new ZipkinConfig(true, true, Duration.ofDays(1), List.of());

    public ZipkinConfig {
        if (defaultLookback.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "default lookback: " + defaultLookback + " (expected: at least 1 ms)");
        }
        autocompleteKeys = List.copyOf(autocompleteKeys);
    }
}
