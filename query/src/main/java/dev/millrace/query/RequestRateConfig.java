package dev.millrace.query;

import dev.millrace.model.Tenant;
import java.util.Map;

/// How many questions tenants may ask in a second; 0 is any number.
///
/// @param requests of each tenant that is not named
/// @param tenants of those that are
public record RequestRateConfig(int requests, Map<Tenant, Integer> tenants) {

    /// Any number for all.
    public static final RequestRateConfig UNLIMITED = new RequestRateConfig(0, Map.of());

    public RequestRateConfig {
        check("requests", requests);
        tenants = Map.copyOf(tenants);
        tenants.forEach((tenant, rate) -> check("requests of " + tenant, rate));
    }

    private static void check(String what, int rate) {
        if (rate < 0) {
            throw new IllegalArgumentException(
                    what + ": " + rate + " (expected: 0 for any number, or more)");
        }
    }

    int of(Tenant tenant) {
        return tenants.getOrDefault(tenant, requests);
    }
}
