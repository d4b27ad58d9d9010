package dev.millrace.storage.cached;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;

/// The names that answers are kept under.
///
/// Those of tenants other than the default one begin with what no name of the default tenant can
/// begin with, and no tenant's name has a slash in it: nobody can choose the name of a service so
/// that it is taken for something of another tenant.
final class KeptNames {

    private KeptNames() {}

    static String trace(Tenant tenant, TraceId traceId) {
        return of(tenant) + "trace:" + traceId;
    }

    static String services(Tenant tenant) {
        return of(tenant) + "services";
    }

    /// The operations of a service.
    static String service(Tenant tenant, String service) {
        return of(tenant) + "service:" + service;
    }

    private static String of(Tenant tenant) {
        return tenant.equals(Tenant.DEFAULT) ? "" : "tenant/" + tenant + "/";
    }
}
