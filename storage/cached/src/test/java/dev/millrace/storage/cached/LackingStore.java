package dev.millrace.storage.cached;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A store as one of several parts and copies looks to those who ask: a part may be missing, and a
/// copy may answer in the place of another.
///
/// @param gaps null for who takes only whole answers
record LackingStore(
        CountingStore store, State state, @Nullable Consumer<String> gaps, Runnable unfit)
        implements TraceStore, DependencyStore {

    /// What is wrong with it at the moment.
    static final class State {

        /// What is missing; null for nothing.
        volatile @Nullable String missing;

        /// Whether a copy answers.
        volatile boolean copy;
    }

    LackingStore(CountingStore store, State state) {
        this(store, state, null, () -> {});
    }

    private <T> T answer(Supplier<T> question) {
        var missing = state.missing;
        if (missing != null && gaps == null) {
            throw new StoreException(Kind.UNAVAILABLE, missing);
        }
        var answer = question.get();
        if (missing != null && gaps != null) {
            gaps.accept(missing);
        }
        if (missing != null || state.copy) {
            unfit.run();
        }
        return answer;
    }

    @Override
    public TraceStore tolerating(Consumer<String> told) {
        return new LackingStore(store, state, told, unfit);
    }

    @Override
    public TraceStore forKeeping(Runnable told) {
        return new LackingStore(store, state, gaps, told);
    }

    @Override
    public void write(List<Fragment> fragments) {
        store.write(fragments);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        return answer(() -> store.trace(tenant, traceId));
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        return store.piece(tenant, traceId, from);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return answer(() -> store.version(tenant, traceId));
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return answer(() -> store.search(tenant, search));
    }

    @Override
    public List<String> services(Tenant tenant) {
        return answer(() -> store.services(tenant));
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        return answer(() -> store.operations(tenant, service));
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        throw new AssertionError("not asked for");
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return answer(() -> List.of());
    }

    @Override
    public Expired expire(Instant horizon) {
        return store.expire(horizon);
    }

    @Override
    public void close() {
        store.close();
    }
}
