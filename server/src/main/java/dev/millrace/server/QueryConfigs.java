package dev.millrace.server;

import dev.millrace.query.JaegerConfig;
import dev.millrace.query.QueryConfig;
import dev.millrace.query.ZipkinConfig;
import dev.millrace.server.config.MillraceConfig;
import java.util.Optional;

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
                        query.zipkin().autocompleteKeys()),
                new JaegerConfig(query.grpcPort(), query.maxClockSkew()));
    }

    /// Where traces are archived; empty for nowhere.
    ///
    /// @throws IllegalArgumentException when the setting names no store, or the one that traces are
    ///   archived from
    static Optional<StoreAddress> archive(MillraceConfig config) {
        var url = config.query().archive();
        if (url.isEmpty()) {
            return Optional.empty();
        }
        StoreAddress address;
        try {
            address = StoreAddress.parse(url);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "archive: \"" + url + "\" (expected: " + StoreAddress.EXPECTED + ")", e);
        }
        if (address.toString().equals(StoreAddress.configured(config).toString())) {
            throw new IllegalArgumentException(
                    "archive: \"" + url + "\" (expected: another store than that of all traces)");
        }
        return Optional.of(address);
    }
}
