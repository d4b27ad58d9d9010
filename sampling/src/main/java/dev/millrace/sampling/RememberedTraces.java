package dev.millrace.sampling;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// A bounded set of traces, each forgotten some time after it was last added.
///
/// Safe for threads; asking takes no lock.
final class RememberedTraces {

    private record Key(Tenant tenant, TraceId traceId) {}

    private record Entry(Key key, long until) {}

    private final int most;
    private final long nanos;
    private final ConcurrentHashMap<Key, Long> untilByKey = new ConcurrentHashMap<>();
    // In order of time; an entry whose time is not the map's was refreshed since.
    private final ArrayDeque<Entry> order = new ArrayDeque<>();
    private final LongAdder evicted = new LongAdder();

    RememberedTraces(int most, long nanos) {
        this.most = most;
        this.nanos = nanos;
    }

    boolean contains(Tenant tenant, TraceId traceId, long nowNanos) {
        if (untilByKey.isEmpty()) {
            return false;
        }
        Long until = untilByKey.get(new Key(tenant, traceId));
        return until != null && until - nowNanos > 0;
    }

    /// Whether others should hear of it: it is new, or more than half of its time has passed.
    boolean add(Tenant tenant, TraceId traceId, long nowNanos) {
        var key = new Key(tenant, traceId);
        Long known = untilByKey.get(key);
        if (known != null && known - nowNanos > nanos / 2) {
            return false;
        }
        synchronized (order) {
            known = untilByKey.get(key);
            if (known != null && known - nowNanos > nanos / 2) {
                return false;
            }
            forgetExpired(nowNanos);
            Long until = nowNanos + nanos;
            untilByKey.put(key, until);
            order.addLast(new Entry(key, until));
            while (untilByKey.size() > most) {
                if (forgetOldest()) {
                    evicted.increment();
                }
            }
            return true;
        }
    }

    private void forgetExpired(long nowNanos) {
        for (var oldest = order.peekFirst();
                oldest != null && oldest.until() - nowNanos <= 0;
                oldest = order.peekFirst()) {
            forgetOldest();
        }
    }

    private boolean forgetOldest() {
        var oldest = order.removeFirst();
        return untilByKey.remove(oldest.key(), oldest.until());
    }

    int size() {
        return untilByKey.size();
    }

    /// How many were forgotten before their time, for want of room.
    long evicted() {
        return evicted.sum();
    }
}
