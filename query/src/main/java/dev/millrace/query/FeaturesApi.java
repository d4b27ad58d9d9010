package dev.millrace.query;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DecisionLookup;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import java.util.Set;

/// What can be asked here beside traces, so that nobody has to find out by being refused.
final class FeaturesApi {

    private final TraceStore store;
    private final DecisionLookup decisions;

    FeaturesApi(TraceStore store, DecisionLookup decisions) {
        this.store = store;
        this.decisions = decisions;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/v1/features", "features", this::features);
    }

    private Answer features(Parameters parameters) {
        parameters.allowOnly(Set.of(), Set.of());
        boolean figures = keepsFigures(parameters.tenant());
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeBooleanField("decisions", decisions.isOnRecord());
            json.writeBooleanField("figures", figures);
            json.writeEndObject();
        });
    }

    // Some stores know only when asked. No minute before 1970 has any figures, so that costs
    // little.
    private boolean keepsFigures(Tenant tenant) {
        if (!(store instanceof DependencyStore kept)) {
            return false;
        }
        try {
            kept.dependencies(tenant, 0, 1);
            return true;
        } catch (StoreException e) {
            return e.kind() != StoreException.Kind.NOT_SUPPORTED;
        }
    }
}
