package dev.millrace.server;

import dev.millrace.model.Tenant;
import dev.millrace.query.QueryConfig;
import dev.millrace.query.RequestRateConfig;
import dev.millrace.query.ZipkinConfig;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.QueryRatesConfig;
import java.util.LinkedHashMap;

/// What the settings of `query` come to.
final class QueryConfigs {

    private QueryConfigs() {}

    static QueryConfig query(MillraceConfig config) {
        var query = config.query();
        return new QueryConfig(
                query.host(),
                query.port(),
                query.requestTimeout(),
                query.maxTraces(),
                query.maxConcurrentRequests(),
                query.maxSpans(),
                rates(query.rates()),
                new ZipkinConfig(
                        query.zipkin().searchEnabled(),
                        query.zipkin().strictTraceId(),
                        query.zipkin().defaultLookback(),
                        query.zipkin().autocompleteKeys(),
                        query.zipkin().ui()));
    }

    private static RequestRateConfig rates(QueryRatesConfig rates) {
        var tenants = new LinkedHashMap<Tenant, Integer>();
        rates.tenants().forEach((name, text) -> tenants.put(new Tenant(name), rate(name, text)));
        return new RequestRateConfig(rates.requests(), tenants);
    }

    private static int rate(String tenant, String text) {
        try {
            int rate = Integer.parseInt(text.strip());
            if (rate >= 0) {
                return rate;
            }
        } catch (NumberFormatException _) {
            // Refused below.
        }
        throw new IllegalArgumentException(
                "rates.tenants." + tenant + ": " + text + " (expected: requests, such as 50)");
    }
}
