package dev.millrace.pipeline;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.StoreException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;

/// A store of figures that remembers what was written, as bytes, and dies when told to.
final class FakeDependencyStore implements DependencyStore {

    private record Kept(long upTo, Slice bytes) {}

    private final Map<DependencyBook.Key, Kept> minutes = new ConcurrentHashMap<>();

    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger reads = new AtomicInteger();

    /// Asked with the number of a write or read, all counted from 1: whether to die of it, having
    /// kept what was written.
    volatile IntPredicate crashes = _ -> false;

    /// Asked the same: whether to be away, having kept only the first of what was written.
    volatile IntPredicate away = _ -> false;

    @Override
    public void writeDependencies(List<DependencyMinute> written) {
        writes.incrementAndGet();
        int number = writes.get() + reads.get();
        boolean away = this.away.test(number);
        for (var minute : away && !written.isEmpty() ? written.subList(0, 1) : written) {
            var bytes =
                    new DependencyDelta(minute.tenant(), new Origin("kept", 0, 0), minute.entries())
                            .encode();
            minutes.put(DependencyBook.Key.of(minute), new Kept(minute.upTo(), bytes));
        }
        fail(number, away);
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        reads.incrementAndGet();
        int number = writes.get() + reads.get();
        fail(number, away.test(number));
        return minutes.entrySet().stream()
                .filter(entry ->
                        entry.getKey().tenant().equals(tenant)
                                && entry.getKey().minute() >= from
                                && entry.getKey().minute() < to)
                .map(entry ->
                        new DependencyMinute(
                                tenant,
                                entry.getKey().minute(),
                                entry.getKey().partition(),
                                entry.getValue().upTo(),
                                DependencyDelta.decode(entry.getValue().bytes()).entries()))
                .toList();
    }

    private void fail(int number, boolean away) {
        if (crashes.test(number)) {
            throw new IllegalStateException("the process dies here");
        }
        if (away) {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "away");
        }
    }
}
