package dev.millrace.access;

import dev.millrace.model.Tenant;
import java.util.Set;

/// Who somebody is, once known, and the tenants they may name.
///
/// @param anyTenant whether they may name every tenant
/// @param tenants the ones they may name otherwise
record Credential(String name, boolean anyTenant, Set<Tenant> tenants) {

    Credential {
        tenants = Set.copyOf(tenants);
    }

    boolean admits(Tenant tenant) {
        return anyTenant || tenants.contains(tenant);
    }
}
