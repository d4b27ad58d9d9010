package dev.millrace.enrichment.api;

import java.util.Map;

/// Makes an [Enricher] from its settings; found by [java.util.ServiceLoader].
///
/// An implementation has a public constructor without parameters, and its name stands in
/// `META-INF/services/dev.millrace.enrichment.api.EnricherFactory` of its jar.
public interface EnricherFactory {

    /// What the enricher is called in the configuration, in metrics and in dead letters; lower-case
    /// words with dashes between. Two factories of one name cannot be used together.
    String name();

    /// Called once, before the first trace. Here is the place to read files.
    ///
    /// @param settings what the operator has set below the enricher's name
    /// @throws IllegalArgumentException when a setting is not usable, which stops the start; the
    ///   message should name the setting, its value and what was expected
    Enricher create(Map<String, String> settings);
}
