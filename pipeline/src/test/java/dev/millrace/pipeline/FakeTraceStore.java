package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
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

    /// The first write of this trace alone finds the store away.
    final AtomicReference<@Nullable TraceId> awayFor = new AtomicReference<>();

    /// Writes of more fragments than these fail, as if they took too long; their fragments are
    /// kept.
    volatile int tooMany = Integer.MAX_VALUE;

    /// Writes with a fragment of this trace wait for [#release()].
    volatile @Nullable TraceId held;

    /// How many writes were under way at once, at most.
    final AtomicInteger mostAtOnce = new AtomicInteger();

    private final AtomicInteger atOnce = new AtomicInteger();
    private final CountDownLatch holding = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    /// Returns when something waits for [#release()].
    void awaitHeld() throws InterruptedException {
        assertThat(holding.await(30, TimeUnit.SECONDS)).isTrue();
    }

    /// Lets go on what waits.
    void release() {
        released.countDown();
    }

    @Override
    public void write(List<Fragment> written) {
        int now = atOnce.incrementAndGet();
        try {
            mostAtOnce.accumulateAndGet(now, Math::max);
            if (written.stream().anyMatch(fragment -> fragment.traceId().equals(held))) {
                holding.countDown();
                assertThat(released.await(30, TimeUnit.SECONDS)).isTrue();
            }
            keep(written);
        } catch (InterruptedException e) {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "interrupted", e);
        } finally {
            atOnce.decrementAndGet();
        }
    }

    private void keep(List<Fragment> written) {
        writes.incrementAndGet();
        var alone = written.size() == 1 ? written.getFirst().traceId() : null;
        if (alone != null && alone.equals(awayFor.get())) {
            awayFor.set(null);
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "away");
        }
        for (Fragment fragment : written) {
            if (fragment.traceId().equals(refused)) {
                throw new StoreException(StoreException.Kind.INVALID_REQUEST, "not this one");
            }
            if (fragments.put(fragment.id(), fragment) != null) {
                rewrites.incrementAndGet();
            }
        }
        if (written.size() > tooMany) {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "no answer in time");
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
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        throw unsupported();
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
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
    public Expired expire(Instant horizon) {
        throw unsupported();
    }

    private static StoreException unsupported() {
        return new StoreException(StoreException.Kind.NOT_SUPPORTED, "only writes");
    }

    @Override
    public void close() {}
}
