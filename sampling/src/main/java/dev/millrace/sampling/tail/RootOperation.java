package dev.millrace.sampling.tail;

import dev.millrace.model.Tenant;

/// What kind of trace it is: the service and name of its root, within a tenant.
public record RootOperation(Tenant tenant, String service, String operation) {}
