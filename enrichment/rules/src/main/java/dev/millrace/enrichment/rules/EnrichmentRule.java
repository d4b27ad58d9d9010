package dev.millrace.enrichment.rules;

import dev.millrace.enrichment.api.Draft;
import dev.millrace.enrichment.api.TraceDraft;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import java.util.HashSet;
import java.util.Set;

/// One rule: what it does, where, and to what.
record EnrichmentRule(String name, Condition when, Set<Place> on, Change change) {

    EnrichmentRule {
        on = Set.copyOf(on);
        if (name.isBlank()) {
            throw new IllegalArgumentException("name: \"" + name + "\" (expected: not empty)");
        }
        if (on.isEmpty()) {
            throw new IllegalArgumentException("on: [] (expected: at least one place)");
        }
        if (!when.span().isEmpty() && !Place.OF_A_SPAN.containsAll(on)) {
            throw new IllegalArgumentException(
                    "on: scope or resource (expected: span, event or link, as when.span is"
                            + " asked for)");
        }
    }

    /// From the inside outwards, so that conditions see what the rule found and not what it did.
    void apply(TraceDraft trace) {
        var resources = new HashSet<Draft<Resource>>();
        for (var resource : trace.resources()) {
            if (when.holds(resource)) {
                resources.add(resource);
            }
        }
        var scopes = new HashSet<Draft<Scope>>();
        for (var span : trace.spans()) {
            if (!resources.contains(span.resource())) {
                continue;
            }
            scopes.add(span.scope());
            if (!when.holds(span)) {
                continue;
            }
            if (on.contains(Place.SPAN)) {
                change.make(span.attributes());
            }
            if (on.contains(Place.EVENT)) {
                span.events().forEach(event -> change.make(event.attributes()));
            }
            if (on.contains(Place.LINK)) {
                span.links().forEach(link -> change.make(link.attributes()));
            }
        }
        if (on.contains(Place.SCOPE)) {
            scopes.forEach(scope -> change.make(scope.attributes()));
        }
        if (on.contains(Place.RESOURCE)) {
            resources.forEach(resource -> change.make(resource.attributes()));
        }
    }
}
