package dev.millrace.analysis;

import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Rate, errors and durations of every operation and link since the process began, as they are
/// scraped.
///
/// Safe for threads.
public final class RedTotals {

    private final Bounds bounds;
    private final Map<Key, Figures> operations = new HashMap<>();
    private final Map<Key, Figures> links = new HashMap<>();
    private long overflows;

    /// How much is told apart; what is beyond adds up as `other`, for each tenant.
    ///
    /// @param maxOperations operations of all services
    /// @param maxLinks pairs of caller and callee
    public record Bounds(int maxOperations, int maxLinks) {

        /// Some forty thousand lines of a scrape.
        public static final Bounds DEFAULT = new Bounds(2_000, 500);

        public Bounds {
            AnalysisConfig.check("max-operations", maxOperations, 1, 1_000_000);
            AnalysisConfig.check("max-links", maxLinks, 1, 1_000_000);
        }
    }

    private record Key(Tenant tenant, Series series) {}

    /// What there is of one series.
    ///
    /// @param histogram a copy of its own
    public record Total(
            Tenant tenant, Series series, double calls, double errors, Histogram histogram) {}

    public RedTotals(Bounds bounds) {
        this.bounds = bounds;
    }

    /// Adds what was committed.
    public synchronized void add(DependencyDelta delta) {
        for (var entry : delta.entries()) {
            figures(delta.tenant(), entry.series()).add(entry.figures());
        }
    }

    private Figures figures(Tenant tenant, Series series) {
        return switch (series) {
            case Operation _ ->
                    figures(
                            operations,
                            new Key(tenant, series),
                            bounds.maxOperations(),
                            new Operation(Series.OTHER, Series.OTHER, SpanKind.UNSPECIFIED));
            case Dependency _ ->
                    figures(
                            links,
                            new Key(tenant, series),
                            bounds.maxLinks(),
                            new Dependency(Series.OTHER, Series.OTHER, Connection.PLAIN));
        };
    }

    private Figures figures(Map<Key, Figures> known, Key key, int most, Series other) {
        var figures = known.get(key);
        if (figures == null) {
            if (known.size() >= most) {
                overflows++;
                return known.computeIfAbsent(new Key(key.tenant(), other), _ -> new Figures(true));
            }
            figures = new Figures(true);
            known.put(key, figures);
        }
        return figures;
    }

    /// How often something added up as `other`.
    public synchronized long overflows() {
        return overflows;
    }

    /// Of every operation, or of every link.
    ///
    /// @param series [Operation] or [Dependency]
    public synchronized List<Total> totals(Class<? extends Series> series) {
        var totals = new ArrayList<Total>();
        (series == Operation.class ? operations : links)
                .forEach((key, figures) -> {
                    var copy = new Histogram();
                    var histogram = figures.histogram();
                    if (histogram != null) {
                        copy.add(histogram);
                    }
                    totals.add(
                            new Total(
                                    key.tenant(),
                                    key.series(),
                                    figures.calls(),
                                    figures.errors(),
                                    copy));
                });
        return totals;
    }
}
