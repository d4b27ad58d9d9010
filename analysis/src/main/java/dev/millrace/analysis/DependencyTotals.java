package dev.millrace.analysis;

import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// What all deltas of the topic `dependencies` add up to, for each tenant and minute.
///
/// The order of deltas does not matter as long as those of one partition keep theirs; one that is
/// read again is passed over. Not safe for threads.
public final class DependencyTotals {

    /// Whose deltas are in one order.
    private record Source(Tenant tenant, String topic, int partition) {}

    private static final Dependency OTHER_LINK =
            new Dependency(Series.OTHER, Series.OTHER, Connection.PLAIN);
    private static final Operation OTHER_OPERATION =
            new Operation(Series.OTHER, Series.OTHER, SpanKind.UNSPECIFIED);

    private final int maxSeries;
    private final Map<Source, Long> commits = new HashMap<>();
    private final Map<Tenant, TreeMap<Long, Map<Series, Figures>>> totals = new HashMap<>();

    /// @param maxSeries how many links and operations of a tenant are told apart in a minute;
    ///   further ones add up as `other`
    public DependencyTotals(int maxSeries) {
        AnalysisConfig.check("max-series", maxSeries, 1, Integer.MAX_VALUE);
        this.maxSeries = maxSeries;
    }

    /// Adds a delta.
    ///
    /// @return false when it had been added before
    public boolean add(DependencyDelta delta) {
        var origin = delta.origin();
        var source = new Source(delta.tenant(), origin.topic(), origin.partition());
        if (origin.commit() <= commits.getOrDefault(source, -1L)) {
            return false;
        }
        commits.put(source, origin.commit());
        var minutes = totals.computeIfAbsent(delta.tenant(), _ -> new TreeMap<>());
        for (var entry : delta.entries()) {
            var series = minutes.computeIfAbsent(entry.minute(), _ -> new HashMap<>());
            add(series, entry.series(), entry.figures());
        }
        return true;
    }

    private void add(Map<Series, Figures> series, Series about, Figures figures) {
        var key = about;
        if (!series.containsKey(about) && series.size() >= maxSeries) {
            key =
                    switch (about) {
                        case Dependency _ -> OTHER_LINK;
                        case Operation _ -> OTHER_OPERATION;
                    };
        }
        series.computeIfAbsent(key, _ -> new Figures(false)).add(figures);
    }

    /// The figures of some minutes together.
    ///
    /// @param from the first of them, minutes since the epoch
    /// @param to the one after the last
    public Map<Series, Figures> between(Tenant tenant, long from, long to) {
        var sum = new HashMap<Series, Figures>();
        totals.getOrDefault(tenant, new TreeMap<>())
                .subMap(from, to)
                .values()
                .forEach(series ->
                        series.forEach((about, figures) ->
                                sum.computeIfAbsent(about, _ -> new Figures(false)).add(figures)));
        return sum;
    }

    /// Lets go of what lies before a minute.
    public void forgetBefore(long minute) {
        totals.values().forEach(minutes -> minutes.headMap(minute).clear());
        totals.values().removeIf(Map::isEmpty);
    }
}
