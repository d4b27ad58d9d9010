package dev.millrace.server;

import dev.millrace.model.Tenant;
import dev.millrace.pipeline.DecisionReader;
import dev.millrace.query.JaegerConfig;
import dev.millrace.query.QueryConfig;
import dev.millrace.query.Questions;
import dev.millrace.query.RequestRateConfig;
import dev.millrace.query.ZipkinConfig;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.QueryRatesConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/// What the settings of `query` come to.
final class QueryConfigs {

    /// Some seconds of reading.
    private static final long MOST_DECISIONS = 5_000_000;

    private QueryConfigs() {}

    /// The stores that are read besides the configured one.
    ///
    /// @throws IllegalArgumentException when an address is of no use
    static List<StoreAddress> alsoRead(MillraceConfig config) {
        var named = new LinkedHashSet<String>();
        named.add(StoreAddress.configured(config).toString());
        var addresses = new ArrayList<StoreAddress>();
        for (var url : config.query().alsoRead()) {
            StoreAddress address;
            try {
                address = StoreAddress.parse(url);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("also-read: " + e.getMessage(), e);
            }
            if (!named.add(address.toString())) {
                throw new IllegalArgumentException(
                        "also-read: \"" + url + "\" (expected: each store once)");
            }
            addresses.add(address);
        }
        return addresses;
    }

    /// How long all stores together may take, so that there is time left to say which did not
    /// answer.
    static Duration storesPatience(MillraceConfig config) {
        return config.query().requestTimeout().multipliedBy(4).dividedBy(5);
    }

    /// How much the look for one trace's decisions may cost.
    static DecisionReader.Bounds decisions(MillraceConfig config) {
        return new DecisionReader.Bounds(
                MOST_DECISIONS, config.query().requestTimeout().dividedBy(2));
    }

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
                                query.zipkin().ui()),
                        new JaegerConfig(query.grpcPort(), query.maxClockSkew()))
                .with(new Questions(query.traceById(), query.search(), query.dependencies()));
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
