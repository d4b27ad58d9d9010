package dev.millrace.query;

import dev.millrace.query.system.SystemView;
import dev.millrace.storage.api.DecisionLookup;
import dev.millrace.storage.api.TraceStore;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/// All endpoints of our own API, under `/v1`, and their description.
///
/// @param clock tells where a range of time ends that does not say
/// @param ticker nanoseconds of any clock that only goes forward
record NativeEndpoints(
        QueryConfig config,
        TraceStore store,
        DecisionLookup decisions,
        SystemView system,
        InstantSource clock,
        LongSupplier ticker) {

    void bind(Endpoint.Routes routes) {
        // The other half is for writing the answer.
        var time = config.requestTimeout().dividedBy(2);
        new NativeApi(store, config.maxTraces()).bind(routes);
        new AttributesApi(store, new BoundedScan(AttributesApi.MOST_LOOKED_AT, time, ticker))
                .bind(routes);
        new FiguresApi(store, clock, time, ticker).bind(routes);
        new DecisionsApi(decisions).bind(routes);
        new SystemApi(system).bind(routes);
        new FeaturesApi(store, decisions).bind(routes);
        new OpenApiDescription().bind(routes);
    }
}
