package dev.millrace.pipeline;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A store that only remembers what was written, and fails when told to.
final class FakeTraceStore implements TraceStore {

    final Map<FragmentId, Fragment> fragments = new ConcurrentHashMap<>();
    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger rewrites = new AtomicInteger();

    /// Thrown by every write that is not empty, once everything of it was kept.
    volatile @Nullable RuntimeException failure;

    /// Writes with a fragment of this trace are refused.
    volatile @Nullable TraceId refused;

    @Override
    public void write(List<Fragment> written) {
        writes.incrementAndGet();
        for (Fragment fragment : written) {
            if (fragment.traceId().equals(refused)) {
                throw new StoreException(StoreException.Kind.INVALID_REQUEST, "not this one");
            }
            if (fragments.put(fragment.id(), fragment) != null) {
                rewrites.incrementAndGet();
            }
        }
        var thrown = failure;
        if (thrown != null) {
            throw thrown;
        }
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        throw unsupported();
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        throw unsupported();
    }

    @Override
    public List<String> services(Tenant tenant) {
        throw unsupported();
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        throw unsupported();
    }

    @Override
    public int expire(Instant horizon) {
        throw unsupported();
    }

    private static StoreException unsupported() {
        return new StoreException(StoreException.Kind.NOT_SUPPORTED, "only writes");
    }

    @Override
    public void close() {}
}
