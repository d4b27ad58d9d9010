package dev.millrace.analysis;

import dev.millrace.model.Tenant;
import java.util.HashMap;
import java.util.Map;

/// What the analysis of several partitions shares: bounds, names, and the trace at hand.
///
/// Not safe for threads, nor are its partitions: one of them at a time is shown a trace.
public final class Analysis {

    private static final long EPOCH_NANOS = 60_000_000_000L;

    /// What was not seen for so many epochs makes room.
    private static final int KEPT_EPOCHS = 5;

    final AnalysisConfig config;
    final SpanWeight weight;
    final TraceTable trace = new TraceTable();
    final Peer peer = new Peer();

    private final Map<Tenant, Catalog> catalogs = new HashMap<>();
    private int epoch;
    private long epochBegan;
    private long unlinked;

    /// @param weight of a span, by its trace state
    public Analysis(AnalysisConfig config, SpanWeight weight) {
        this.config = config;
        this.weight = weight;
    }

    /// A partition whose figures are kept apart.
    public PartitionFigures partition() {
        return new PartitionFigures(this);
    }

    Catalog catalog(Tenant tenant) {
        var catalog = catalogs.computeIfAbsent(tenant, _ -> new Catalog(config, epoch));
        catalog.use(epoch);
        return catalog;
    }

    void noteUnlinked() {
        unlinked++;
    }

    /// Returns how many spans were linked to nothing since it was asked last, because their trace
    /// is too large.
    public long takeUnlinked() {
        long taken = unlinked;
        unlinked = 0;
        return taken;
    }

    /// Returns how often something counted as `other` since it was asked last.
    public long takeOverflows() {
        long taken = 0;
        for (var catalog : catalogs.values()) {
            taken += catalog.takeOverflows();
        }
        return taken;
    }

    /// Whether it is time to [tidy][#tidy(long)].
    public boolean isUntidy(long nowNanos) {
        return epochBegan == 0 || nowNanos - epochBegan >= EPOCH_NANOS;
    }

    /// Forgets, once a minute, names that are no longer used. To be called while no partition holds
    /// figures: they would lose their names.
    ///
    /// @param nowNanos of a clock that only counts time that has passed
    public void tidy(long nowNanos) {
        if (epochBegan == 0) {
            epochBegan = nowNanos;
        }
        if (isUntidy(nowNanos)) {
            epochBegan = nowNanos;
            epoch++;
            catalogs.values().removeIf(catalog -> catalog.usedIn() < epoch - KEPT_EPOCHS);
            catalogs.replaceAll((_, catalog) -> catalog.tidied(epoch, KEPT_EPOCHS));
        }
    }
}
