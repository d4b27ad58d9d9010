package dev.millrace.storage.contract;

/// Something a store may be unable to do. It refuses then, with a
/// [dev.millrace.storage.api.StoreException] of kind NOT_SUPPORTED, and is held to that.
public enum Capability {
    /// Search without naming a service.
    SEARCH_ACROSS_SERVICES,
    SEARCH_BY_KIND,
    SEARCH_BY_STATUS,
    /// Search by attributes of any level.
    SEARCH_BY_ATTRIBUTE,
    SEARCH_BY_DURATION,
    /// A page after the first.
    PAGING,
    /// Tenants other than the default one.
    TENANTS,
    EXPIRY,
    /// Taking traces and figures from whoever writes to it; else it has them from elsewhere.
    WRITING,
    /// Keeping the figures of services: the store is a [dev.millrace.storage.api.DependencyStore].
    DEPENDENCIES
}
