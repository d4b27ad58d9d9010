package dev.millrace.query;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Keeps fragments in memory and searches them one by one: the contract with nothing around it.
final class MemoryTraceStore implements TraceStore, DependencyStore {

    private static final Comparator<Trace> NEWEST_FIRST =
            Comparator.comparingLong(Trace::startNanos).reversed().thenComparing(Trace::traceId);

    private final Map<FragmentId, Fragment> fragments = new ConcurrentHashMap<>();
    private final List<DependencyMinute> figures = new CopyOnWriteArrayList<>();
    private volatile Runnable beforeReads = () -> {};

    /// Runs before every read, to make it slow or fail.
    void beforeReads(Runnable action) {
        beforeReads = action;
    }

    /// The same store, which keeps no figures of services.
    TraceStore withoutFigures() {
        return (TraceStore)
                Proxy.newProxyInstance(
                        TraceStore.class.getClassLoader(),
                        new Class<?>[] {TraceStore.class},
                        (_, method, arguments) -> {
                            try {
                                return method.invoke(this, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    /// Keeps the spans of one trace as one fragment of the default tenant.
    void keep(List<Span> spans) {
        var id = new FragmentId("traces-complete", 0, fragments.size());
        var traceId = spans.getFirst().traceId();
        write(List.of(new Fragment(id, Tenant.DEFAULT, traceId, OtlpEncoder.encode(spans))));
    }

    @Override
    public void write(List<Fragment> written) {
        written.forEach(fragment -> fragments.put(fragment.id(), fragment));
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        beforeReads.run();
        if (ofTrace(tenant, traceId).mapToLong(one -> one.body().length()).sum()
                > MAX_WHOLE_BYTES) {
            throw new StoreException(StoreException.Kind.TOO_LARGE, "trace " + traceId);
        }
        return Optional.ofNullable(traces(tenant).get(traceId));
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        beforeReads.run();
        int number = from.map(Integer::valueOf).orElse(0);
        var bodies = ofTrace(tenant, traceId).map(Fragment::body).skip(number).limit(2).toList();
        return bodies.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new TracePiece(
                                bodies.getFirst(),
                                Optional.of(number + 1)
                                        .filter(_ -> bodies.size() > 1)
                                        .map(String::valueOf)));
    }

    private Stream<Fragment> ofTrace(Tenant tenant, TraceId traceId) {
        return fragments.values().stream()
                .filter(one -> one.tenant().equals(tenant) && one.traceId().equals(traceId))
                .sorted(Comparator.comparingLong(one -> one.id().offset()));
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        beforeReads.run();
        var ids =
                fragments.values().stream()
                        .filter(fragment ->
                                fragment.tenant().equals(tenant)
                                        && fragment.traceId().equals(traceId))
                        .map(fragment -> fragment.id().toString())
                        .sorted()
                        .toList();
        return ids.isEmpty() ? TraceVersion.NONE : new TraceVersion(ids.size(), ids.getLast());
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        beforeReads.run();
        var found =
                traces(tenant).values().stream()
                        .filter(trace -> isAfter(trace, search))
                        .filter(trace -> trace.spans().stream().anyMatch(new SpanCondition(search)))
                        .sorted(NEWEST_FIRST)
                        .toList();
        if (found.size() <= search.limit()) {
            return new SearchPage(found, Optional.empty());
        }
        var last = found.get(search.limit() - 1);
        return new SearchPage(
                found.subList(0, search.limit()),
                Optional.of(new Cursor(last.startNanos(), last.traceId())));
    }

    @Override
    public List<String> services(Tenant tenant) {
        beforeReads.run();
        return spans(tenant).map(Span::serviceName).distinct().sorted().toList();
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        beforeReads.run();
        return spans(tenant)
                .filter(span -> span.serviceName().equals(service))
                .map(span -> new Operation(span.name(), span.kind()))
                .distinct()
                .sorted()
                .toList();
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        figures.addAll(minutes);
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        beforeReads.run();
        return figures.stream()
                .filter(figure -> figure.tenant().equals(tenant))
                .filter(figure -> figure.minute() >= from && figure.minute() < to)
                .toList();
    }

    @Override
    public Expired expire(Instant horizon) {
        return Expired.NONE;
    }

    @Override
    public void close() {}

    private Stream<Span> spans(Tenant tenant) {
        return traces(tenant).values().stream().flatMap(trace -> trace.spans().stream());
    }

    private Map<TraceId, Trace> traces(Tenant tenant) {
        record Identity(SpanId id, Object kind, String service, boolean untimed) {}
        var spans = new TreeMap<TraceId, Map<Identity, Span>>();
        for (var fragment : fragments.values()) {
            if (fragment.tenant().equals(tenant)) {
                for (var span : OtlpDecoder.spans(fragment.body())) {
                    spans.computeIfAbsent(span.traceId(), _ -> new LinkedHashMap<>())
                            .merge(
                                    new Identity(
                                            span.spanId(),
                                            span.kind(),
                                            span.serviceName(),
                                            span.attributes()
                                                    .find("otel.zipkin.absentField.startTime")
                                                    .isPresent()),
                                    span,
                                    (a, b) -> a.endNanos() >= b.endNanos() ? a : b);
                }
            }
        }
        var traces = new TreeMap<TraceId, Trace>();
        spans.forEach((id, byIdentity) -> traces.put(id, parentsFirst(id, byIdentity)));
        return traces;
    }

    private static Trace parentsFirst(TraceId id, Map<?, Span> spans) {
        var ordered = new ArrayList<Span>();
        var rest = List.copyOf(spans.values());
        while (!rest.isEmpty()) {
            var waiting = rest.stream().map(Span::spanId).collect(Collectors.toSet());
            var byReadiness =
                    rest.stream()
                            .collect(
                                    Collectors.partitioningBy(
                                            span -> !waiting.contains(span.parentSpanId())));
            ordered.addAll(byReadiness.getOrDefault(true, List.of()));
            var later = byReadiness.getOrDefault(false, List.of());
            if (later.size() == rest.size()) {
                // A ring of parents has no beginning: any order will do.
                ordered.addAll(later);
                later = List.of();
            }
            rest = later;
        }
        return new Trace(id, ordered);
    }

    private static boolean isAfter(Trace trace, TraceSearch search) {
        var after = search.after();
        return after == null
                || trace.startNanos() < after.startNanos()
                || (trace.startNanos() == after.startNanos()
                        && trace.traceId().compareTo(after.traceId()) > 0);
    }
}
