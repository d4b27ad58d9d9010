package dev.millrace.pipeline;

import dev.millrace.assembly.Fate;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Brings together what is decided about one trace at several sites.
///
/// Each site's part of a trace is complete by the site's own time, and so is judged by itself. But
/// once one part is kept, all are: a part that would be dropped follows one that was kept, and one
/// that was dropped is brought back, as by an error that comes late.
///
/// Knows the partitions of one member, which has the same partition of all sites. Confined to one
/// thread.
final class OtherSites {

    /// What stands as the rule of a part that is kept because another is.
    static final String RULE = "other-site";

    /// By the number of the partition: those whose verdicts on record are complete.
    private final Map<Integer, List<OwnedPartition>> present = new HashMap<>();

    private final Set<OwnedPartition> arriving = new LinkedHashSet<>();

    /// A partition was taken over. It is left alone until it has read again what was read before:
    /// until then nothing can be committed for it.
    void arrive(OwnedPartition owner) {
        arriving.add(owner);
    }

    void leave(OwnedPartition owner) {
        arriving.remove(owner);
        others(owner).remove(owner);
    }

    /// Lets those in that have read everything again. What was decided meanwhile, or by owners
    /// before that knew nothing of one another, is brought together now.
    void letIn() {
        for (var each = arriving.iterator(); each.hasNext(); ) {
            var owner = each.next();
            if (!owner.isReadingAgain()) {
                each.remove();
                for (var other : others(owner)) {
                    reconcile(owner, other);
                }
                others(owner).add(owner);
            }
        }
    }

    private static void reconcile(OwnedPartition one, OwnedPartition other) {
        // Bringing back changes what is looked through.
        List<Runnable> due = new ArrayList<>();
        one.assembler()
                .closedTraces()
                .forEach((tenant, traceId) -> {
                    var here = one.onRecord(tenant, traceId);
                    var there = here == null ? null : other.onRecord(tenant, traceId);
                    if (here == null || there == null || here.kept() == there.kept()) {
                        return;
                    }
                    due.add(
                            here.kept()
                                    ? () -> other.bringBack(tenant, traceId, here)
                                    : () -> one.bringBack(tenant, traceId, there));
                });
        due.forEach(Runnable::run);
    }

    /// What became of a part of the trace that was kept at another site, of several that with the
    /// least threshold; null where none was.
    @Nullable Fate kept(OwnedPartition asking, Tenant tenant, TraceId traceId) {
        Fate kept = null;
        for (var other : others(asking)) {
            var fate = other == asking ? null : other.onRecord(tenant, traceId);
            if (fate != null
                    && fate.kept()
                    && (kept == null || fate.threshold() < kept.threshold())) {
                kept = fate;
            }
        }
        return kept;
    }

    /// A part of a trace is kept; those that were dropped at other sites are brought back.
    void keep(OwnedPartition keeping, Tenant tenant, TraceId traceId, Fate fate) {
        for (var other : others(keeping)) {
            if (other != keeping) {
                other.bringBack(tenant, traceId, fate);
            }
        }
    }

    private List<OwnedPartition> others(OwnedPartition owner) {
        return present.computeIfAbsent(owner.partition().partition(), _ -> new ArrayList<>());
    }
}
