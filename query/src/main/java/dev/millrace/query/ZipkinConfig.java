package dev.millrace.query;

import java.time.Duration;
import java.util.List;

/// How Zipkin's API behaves where Zipkin's server can be told.
///
/// @param searchEnabled whether traces and names can be searched for, or only fetched by id
/// @param strictTraceId whether ids must agree in all their 128 bits, and not only in the lower 64
/// @param defaultLookback how far a search goes back that does not say
/// @param autocompleteKeys tags whose values the UI offers
/// @param ui whether Zipkin's UI is served
public record ZipkinConfig(
        boolean searchEnabled,
        boolean strictTraceId,
        Duration defaultLookback,
        List<String> autocompleteKeys,
        boolean ui) {

    static final ZipkinConfig DEFAULT = new ZipkinConfig(true, true, Duration.ofDays(1), List.of());

    /// With Zipkin's UI.
    public ZipkinConfig(
            boolean searchEnabled,
            boolean strictTraceId,
            Duration defaultLookback,
            List<String> autocompleteKeys) {
        this(searchEnabled, strictTraceId, defaultLookback, autocompleteKeys, true);
    }

    public ZipkinConfig {
        if (defaultLookback.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "default lookback: " + defaultLookback + " (expected: at least 1 ms)");
        }
        autocompleteKeys = List.copyOf(autocompleteKeys);
    }
}
