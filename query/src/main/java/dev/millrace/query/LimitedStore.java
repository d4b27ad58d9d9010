package dev.millrace.query;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A store as the APIs see it, which stops questions that would take too much of it or too long.
///
/// What a search finds is fetched some traces at a time and refused in words once it holds more
/// spans than one answer may, before it fills the memory. A request whose time is over, and which
/// was answered by the gate, gets nothing more from the store, so its place is soon free again.
class LimitedStore implements TraceStore {

    private static final int STEP = 100;

    private final TraceStore store;
    private final int maxSpans;

    private LimitedStore(TraceStore store, int maxSpans) {
        this.store = store;
        this.maxSpans = maxSpans;
    }

    /// @param maxSpans the most spans that one search may find
    static TraceStore of(TraceStore store, int maxSpans) {
        return store instanceof DependencyStore figures
                ? new WithFigures(store, figures, maxSpans)
                : new LimitedStore(store, maxSpans);
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        var found = new ArrayList<Trace>();
        var cut = new HashSet<TraceId>();
        Cursor cursor = search.after();
        var budget = new SpanBudget(maxSpans);
        do {
            RequestTime.check();
            int wanted = Math.min(STEP, search.limit() - found.size());
            var page = store.search(tenant, search.page(wanted, cursor));
            for (var trace : page.traces()) {
                budget.add(trace.spans().size());
                found.add(trace);
            }
            cut.addAll(page.cut());
            cursor = page.next().orElse(null);
        } while (cursor != null && found.size() < search.limit());
        return new SearchPage(found, Optional.ofNullable(cursor), cut);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        RequestTime.check();
        return store.trace(tenant, traceId);
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        RequestTime.check();
        return store.piece(tenant, traceId, from);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        RequestTime.check();
        return store.version(tenant, traceId);
    }

    @Override
    public TraceStore tolerating(Consumer<String> gaps) {
        return of(store.tolerating(gaps), maxSpans);
    }

    @Override
    public List<String> services(Tenant tenant) {
        RequestTime.check();
        return store.services(tenant);
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        RequestTime.check();
        return store.operations(tenant, service);
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

    /// The same over a store that keeps figures of services too.
    private static final class WithFigures extends LimitedStore implements DependencyStore {

        private final DependencyStore figures;

        private WithFigures(TraceStore store, DependencyStore figures, int maxSpans) {
            super(store, maxSpans);
            this.figures = figures;
        }

        @Override
        public void writeDependencies(List<DependencyMinute> minutes) {
            figures.writeDependencies(minutes);
        }

        @Override
        public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
            RequestTime.check();
            return figures.dependencies(tenant, from, to);
        }
    }
}
