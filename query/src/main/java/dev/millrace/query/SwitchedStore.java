package dev.millrace.query;

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
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A store as the APIs see it where some kinds of questions are switched off: those are refused,
/// and say which setting does it.
class SwitchedStore implements TraceStore {

    private final TraceStore store;
    private final Questions questions;

    private SwitchedStore(TraceStore store, Questions questions) {
        this.store = store;
        this.questions = questions;
    }

    static TraceStore of(TraceStore store, Questions questions) {
        if (questions.areAll()) {
            return store;
        }
        // Without figures of its own a store would have them looked for in its traces.
        return store instanceof DependencyStore || !questions.dependencies()
                ? new WithFigures(store, questions)
                : new SwitchedStore(store, questions);
    }

    /// Which kinds of questions may be put to a store.
    static Questions answered(TraceStore store) {
        return store instanceof SwitchedStore switched ? switched.questions : Questions.ALL;
    }

    private static void require(boolean on, String question, String key) {
        if (!on) {
            throw new StoreException(
                    StoreException.Kind.NOT_SUPPORTED,
                    question + ": switched off (expected: " + key + ": true)");
        }
    }

    private void requireTraceById() {
        require(questions.traceById(), "traces by id", "query.trace-by-id");
    }

    private void requireSearch() {
        require(questions.search(), "search", "query.search");
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        requireTraceById();
        return store.trace(tenant, traceId);
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        requireTraceById();
        return store.piece(tenant, traceId, from);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        requireTraceById();
        return store.version(tenant, traceId);
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        requireSearch();
        return store.search(tenant, search);
    }

    @Override
    public List<String> services(Tenant tenant) {
        requireSearch();
        return store.services(tenant);
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        requireSearch();
        return store.operations(tenant, service);
    }

    @Override
    public TraceStore tolerating(Consumer<String> gaps) {
        return of(store.tolerating(gaps), questions);
    }

    @Override
    public void write(List<Fragment> fragments) {
        store.write(fragments);
    }

    @Override
    public Expired expire(Instant horizon) {
        return store.expire(horizon);
    }

    @Override
    public void close() {
        store.close();
    }

    /// The same over a store that keeps figures of services, or where nobody is to see any.
    private static final class WithFigures extends SwitchedStore implements DependencyStore {

        private final TraceStore store;
        private final boolean answered;

        private WithFigures(TraceStore store, Questions questions) {
            super(store, questions);
            this.store = store;
            this.answered = questions.dependencies();
        }

        private DependencyStore figures() {
            require(answered, "figures of services", "query.dependencies");
            return (DependencyStore) store;
        }

        @Override
        public void writeDependencies(List<DependencyMinute> minutes) {
            figures().writeDependencies(minutes);
        }

        @Override
        public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
            return figures().dependencies(tenant, from, to);
        }
    }
}
