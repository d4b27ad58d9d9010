package dev.millrace.enrichment.rules;

import dev.millrace.enrichment.api.Enricher;
import dev.millrace.enrichment.api.TraceDraft;
import java.util.List;

/// Changes attributes as rules say, one rule after the other; each sees what those before it did.
///
/// Immutable and safe for any number of threads.
public final class RuleEnricher implements Enricher {

    private final List<EnrichmentRule> rules;

    RuleEnricher(List<EnrichmentRule> rules) {
        this.rules = List.copyOf(rules);
    }

    /// The names of the rules, in order.
    public List<String> names() {
        return rules.stream().map(EnrichmentRule::name).toList();
    }

    @Override
    public void enrich(TraceDraft trace) {
        for (var rule : rules) {
            rule.apply(trace);
        }
    }
}
