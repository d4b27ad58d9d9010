package dev.millrace.storage.kafka;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.analysis.Series;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Figures of some tenants over some minutes, as commits of an aggregator add them, and their sums.
final class FigureTraffic {

    /// 12:20 UTC on 1 September 2026.
    static final long MINUTE = 29_804_380;

    static final Tenant RED = new Tenant("red");

    private static final List<Tenant> TENANTS = List.of(Tenant.DEFAULT, RED, new Tenant("re"));

    /// What is counted by itself.
    record Counted(Tenant tenant, long minute, Series series) {}

    private final RandomGenerator random;
    private final int minutes;
    private final Map<Counted, Figures> sums = new HashMap<>();
    private int commits;

    /// @param minutes that the figures are of, from [#MINUTE] on, besides none in particular
    FigureTraffic(long seed, int minutes) {
        this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        this.minutes = minutes;
    }

    /// What one more commit adds, which is in the sums from now on.
    DependencyDelta next() {
        var delta = uncounted();
        add(sums, delta);
        return delta;
    }

    /// The same, for a commit that will not be.
    DependencyDelta uncounted() {
        var tenant = TENANTS.get(random.nextInt(4) % TENANTS.size());
        var entries = new HashMap<Counted, Entry>();
        for (int entry = random.nextInt(1, 6); entry > 0; entry--) {
            long minute = random.nextInt(12) == 0 ? 0 : MINUTE + random.nextInt(minutes);
            Series series =
                    random.nextBoolean()
                            ? new Dependency("shop", "s" + random.nextInt(3), Connection.PLAIN)
                            : new Operation("shop", "get", SpanKind.SERVER);
            long calls = random.nextInt(1, 1_000);
            entries.putIfAbsent(
                    new Counted(tenant, minute, series),
                    new Entry(minute, series, Figures.ofCalls(calls, calls / 7)));
        }
        return new DependencyDelta(
                tenant, new Origin("spans", 0, commits++), List.copyOf(entries.values()));
    }

    /// What the key of a commit's record is.
    static byte[] key(DependencyDelta delta) {
        return (delta.origin().partition() + "|" + delta.origin().commit())
                .getBytes(StandardCharsets.UTF_8);
    }

    static byte[] value(DependencyDelta delta) {
        return delta.encode().toByteArray();
    }

    /// The sums of everything that counts until now.
    Map<Counted, Figures> sums() {
        return sums;
    }

    /// What some partitions have counted, added up.
    static Map<Counted, Figures> counted(Collection<? extends OpenPartition> partitions) {
        var counted = new HashMap<Counted, Figures>();
        for (var partition : partitions) {
            var store = partition.contents().figures();
            for (var tenant : TENANTS) {
                for (var minute : store.dependencies(tenant, 0, Long.MAX_VALUE)) {
                    add(
                            counted,
                            new DependencyDelta(tenant, new Origin("", 0, 0), minute.entries()));
                }
            }
        }
        return counted;
    }

    private static void add(Map<Counted, Figures> into, DependencyDelta delta) {
        for (var entry : delta.entries()) {
            into.computeIfAbsent(
                            new Counted(delta.tenant(), entry.minute(), entry.series()),
                            _ -> Figures.ofCalls(0))
                    .add(entry.figures());
        }
    }
}
