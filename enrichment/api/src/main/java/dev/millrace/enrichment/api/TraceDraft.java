package dev.millrace.enrichment.api;

import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;

/// A complete trace whose attributes may still be changed; nothing else of it may.
///
/// A trace that is larger than a record may be comes in several drafts, part by part, and spans
/// that came after their trace was complete come in drafts of their own. So a draft need not hold
/// the root.
///
/// Not safe for threads.
public final class TraceDraft {

    private record ScopeOf(Draft<Resource> resource, Scope scope) {}

    private final Tenant tenant;
    private final TraceId traceId;
    private final boolean late;
    private final List<SpanDraft> spans;
    private final List<Draft<Resource>> resources;
    private final List<Draft<Scope>> scopes;

    /// @param trace as it was sent
    /// @param late whether its spans came after the trace they belong to was complete
    public TraceDraft(Tenant tenant, Trace trace, boolean late) {
        this.tenant = tenant;
        this.traceId = trace.traceId();
        this.late = late;
        var knownResources = new HashMap<Resource, Draft<Resource>>();
        var knownScopes = new HashMap<ScopeOf, Draft<Scope>>();
        var allResources = new ArrayList<Draft<Resource>>();
        var allScopes = new ArrayList<Draft<Scope>>();
        var all = new ArrayList<SpanDraft>(trace.spans().size());
        Draft<Resource> resource = null;
        Draft<Scope> scope = null;
        for (var span : trace.spans()) {
            var before = resource;
            // Neighbours mostly share the very same object, which is known without looking inside.
            if (resource == null || !resource.sent().equals(span.resource())) {
                resource =
                        knownResources.computeIfAbsent(
                                span.resource(), sent -> draft(sent, allResources));
            }
            if (scope == null || resource != before || !scope.sent().equals(span.scope())) {
                scope =
                        knownScopes.computeIfAbsent(
                                new ScopeOf(resource, span.scope()),
                                of -> draft(of.scope(), allScopes));
            }
            all.add(new SpanDraft(span, resource, scope));
        }
        spans = List.copyOf(all);
        resources = List.copyOf(allResources);
        scopes = List.copyOf(allScopes);
    }

    private static Draft<Resource> draft(Resource sent, List<Draft<Resource>> all) {
        var draft = new Draft<>(sent, sent.attributes());
        all.add(draft);
        return draft;
    }

    private static Draft<Scope> draft(Scope sent, List<Draft<Scope>> all) {
        var draft = new Draft<>(sent, sent.attributes());
        all.add(draft);
        return draft;
    }

    public Tenant tenant() {
        return tenant;
    }

    public TraceId traceId() {
        return traceId;
    }

    /// Whether the spans came after the trace they belong to was complete.
    public boolean isLate() {
        return late;
    }

    /// The spans, parents first where the parents are known.
    public List<SpanDraft> spans() {
        return spans;
    }

    /// What produced the spans, each once.
    public List<Draft<Resource>> resources() {
        return resources;
    }

    /// The instrumentations that recorded the spans; one that did so in two resources comes twice.
    public List<Draft<Scope>> scopes() {
        return scopes;
    }

    /// The first span without a parent; empty where it is not in this draft.
    public Optional<SpanDraft> root() {
        return spans.stream().filter(span -> span.sent().parentSpanId() == null).findFirst();
    }

    /// Whether any attribute is not as it was sent.
    public boolean isChanged() {
        return spans.stream().anyMatch(SpanDraft::isChanged)
                || resources.stream().anyMatch(Draft::isChanged)
                || scopes.stream().anyMatch(Draft::isChanged);
    }

    /// The trace as it is now.
    public Trace now() {
        return new Trace(traceId, spans.stream().map(SpanDraft::now).toList());
    }
}
