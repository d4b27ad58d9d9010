package dev.millrace.server;

import dev.millrace.query.QueryConfig;
import dev.millrace.query.ZipkinConfig;
import dev.millrace.server.config.MillraceConfig;

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
                new ZipkinConfig(
                        query.zipkin().searchEnabled(),
                        query.zipkin().strictTraceId(),
                        query.zipkin().defaultLookback(),
                        query.zipkin().autocompleteKeys()));
    }
}
