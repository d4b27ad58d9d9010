package dev.millrace.server.copy;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.TraceSearch;
import java.time.Instant;
import java.util.List;

/// What is to be copied.
///
/// @param from what the source is called
/// @param to what the target is called
/// @param tenants whose traces, in this order
/// @param since traces with a span that starts then or later
/// @param until ... and before this
/// @param pageTraces how many traces are read at once
public record CopyPlan(
        String from,
        String to,
        List<Tenant> tenants,
        Instant since,
        Instant until,
        int pageTraces) {

    public CopyPlan {
        tenants = List.copyOf(tenants);
        if (tenants.isEmpty()) {
            throw new IllegalArgumentException("tenants: none (expected: at least one)");
        }
        if (!since.isBefore(until)) {
            throw new IllegalArgumentException(
                    "since: " + since + " (expected: before " + until + ")");
        }
        if (pageTraces < 1 || pageTraces > TraceSearch.MAX_LIMIT) {
            throw new IllegalArgumentException(
                    "page: " + pageTraces + " (expected: 1 to " + TraceSearch.MAX_LIMIT + ")");
        }
        if (from.equals(to)) {
            throw new IllegalArgumentException(
                    "to: " + to + " (expected: another store than the one to copy from)");
        }
    }
}
