package dev.millrace.enrichment.rules;

import dev.millrace.enrichment.api.AttributesDraft;
import dev.millrace.enrichment.api.Draft;
import dev.millrace.enrichment.api.SpanDraft;
import dev.millrace.model.Glob;
import dev.millrace.model.Resource;
import java.util.Map;

/// To which resources, and to which spans of them, a rule applies.
///
/// @param service the form of the service's name
/// @param resource attributes that the resource must have, with the forms of their values
/// @param span the same for the span; empty for any span
record Condition(Glob service, Map<String, Glob> resource, Map<String, Glob> span) {

    static final Condition NONE = new Condition(Glob.ANY, Map.of(), Map.of());

    Condition {
        resource = Map.copyOf(resource);
        span = Map.copyOf(span);
    }

    boolean holds(Draft<Resource> draft) {
        return (service.isAny()
                        || service.matches(
                                new Resource(draft.attributes().now(), 0, "").serviceName()))
                && has(draft.attributes(), resource);
    }

    boolean holds(SpanDraft draft) {
        return has(draft.attributes(), span);
    }

    private static boolean has(AttributesDraft attributes, Map<String, Glob> wanted) {
        for (var each : wanted.entrySet()) {
            var value = attributes.find(each.getKey());
            if (value.isEmpty() || !each.getValue().matches(ValueText.of(value.get()))) {
                return false;
            }
        }
        return true;
    }
}
