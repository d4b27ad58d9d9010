package dev.millrace.query.system;

import java.time.Instant;
import java.util.List;
import java.util.SortedMap;

/// What became of every span since a moment, by tenant, and where the books do not close.
///
/// @param closes whether every span has exactly one fate
/// @param faultsInAll as many as there are; the list has so many at most
public record AuditPicture(
        Instant since,
        Instant until,
        boolean closes,
        List<TenantBalance> balances,
        List<HopFault> faults,
        int faultsInAll) {

    public AuditPicture {
        balances = List.copyOf(balances);
        faults = List.copyOf(faults);
    }

    /// The balance of one tenant, in copies of spans.
    ///
    /// @param sampledOut by reason
    /// @param difference how many copies have no fate, or below 0, how many have one too many
    public record TenantBalance(
            String tenant,
            long acknowledged,
            long unconfirmed,
            long stored,
            SortedMap<String, Long> sampledOut,
            long duplicate,
            long deadLettered,
            long forwarded,
            long expired,
            long unread,
            long open,
            long waiting,
            long difference) {}

    /// A way from one stage to the next on which copies were lost or doubled.
    ///
    /// @param kind `lost` or `doubled`
    /// @param topic where the spans came in: `spans`, or the full name of a site's topic
    /// @param partition of it
    /// @param minute it is about
    public record HopFault(
            String hop,
            String kind,
            String tenant,
            String topic,
            int partition,
            Instant minute,
            long copies) {}
}
