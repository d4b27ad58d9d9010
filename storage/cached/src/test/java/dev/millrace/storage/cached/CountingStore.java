package dev.millrace.storage.cached;

import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// A store that counts what it is asked, and does what a test wants between reading and answering.
final class CountingStore implements TraceStore {

    final AtomicInteger traces = new AtomicInteger();
    final AtomicInteger versions = new AtomicInteger();
    final AtomicInteger names = new AtomicInteger();

    private final List<Fragment> fragments = new CopyOnWriteArrayList<>();
    private volatile Runnable afterRead = () -> {};

    void clear() {
        fragments.clear();
    }

    /// Runs when a trace has been read, before it is given back.
    void afterRead(Runnable action) {
        afterRead = action;
    }

    @Override
    public void write(List<Fragment> written) {
        fragments.addAll(written);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        traces.incrementAndGet();
        var bodies = bodies(tenant, traceId);
        afterRead.run();
        return bodies.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Trace(traceId, OtlpDecoder.spans(TraceMerge.merge(traceId, bodies))));
    }

    private List<Slice> bodies(Tenant tenant, TraceId traceId) {
        return fragments.stream()
                .filter(one -> one.tenant().equals(tenant) && one.traceId().equals(traceId))
                .map(Fragment::body)
                .toList();
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        throw new AssertionError("not asked for");
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        versions.incrementAndGet();
        int parts = bodies(tenant, traceId).size();
        return new TraceVersion(parts, parts == 0 ? "" : "of " + traceId);
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return new SearchPage(List.of(), Optional.empty());
    }

    @Override
    public List<String> services(Tenant tenant) {
        names.incrementAndGet();
        return spans(tenant).map(Span::serviceName).distinct().sorted().toList();
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        names.incrementAndGet();
        return spans(tenant)
                .filter(span -> span.serviceName().equals(service))
                .map(span -> new Operation(span.name(), span.kind()))
                .distinct()
                .sorted()
                .toList();
    }

    private Stream<Span> spans(Tenant tenant) {
        return fragments.stream()
                .filter(one -> one.tenant().equals(tenant))
                .flatMap(one -> OtlpDecoder.spans(one.body()).stream());
    }

    @Override
    public Expired expire(Instant horizon) {
        return Expired.NONE;
    }

    @Override
    public void close() {}
}
