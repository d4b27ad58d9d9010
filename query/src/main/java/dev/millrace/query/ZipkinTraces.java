package dev.millrace.query;

import dev.millrace.model.Resource;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.zipkin.ZipkinSpan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Finds traces by Zipkin's rules in a store that has its own.
///
/// The store looks for spans that meet one condition which no match can do without, newest traces
/// first; the whole rules are tested on what it gives. So a search ends with the limit, with the
/// traces, or after [#MAX_CANDIDATES] of them.
///
/// Where ids need not be strict, the traces whose ids agree in the lower 64 bits are one. For an id
/// of 128 bits the other half is fetched; for one of 64 bits it is looked for among the
/// [#MAX_NEIGHBOURS] newest traces around it, since stores know whole ids only.
final class ZipkinTraces {

    /// The most traces that one question reads.
    static final int MAX_CANDIDATES = 10_000;

    /// The most traces among which the other half of one is looked for.
    static final int MAX_NEIGHBOURS = 1_000;

    private static final int PAGE = 250;

    // How much earlier or later than its trace's time a span may begin and be found by.
    private static final long SLACK_NANOS = Duration.ofMinutes(10).toNanos();
    private static final Comparator<List<ZipkinSpan>> NEWEST_FIRST =
            Comparator.<List<ZipkinSpan>>comparingLong(ZipkinQuery::time).reversed();
    private static final TraceId LAST_ID = new TraceId(-1, -1);

    // What a tag of these is made of is no attribute.
    private static final Set<String> NOT_ATTRIBUTES =
            Set.of("error", "span.kind", "w3c.tracestate");

    private final TraceStore store;
    private final boolean strict;
    private final int maxSpans;

    /// @param maxSpans the most spans of the traces that one question finds
    ZipkinTraces(TraceStore store, boolean strict, int maxSpans) {
        this.store = store;
        this.strict = strict;
        this.maxSpans = maxSpans;
    }

    /// The trace, or empty.
    List<ZipkinSpan> byId(Tenant tenant, TraceId id) {
        var trace = store.trace(tenant, id);
        boolean searched = SwitchedStore.answered(store).search();
        if (strict || (id.high() == 0 && !searched)) {
            return spans(trace.stream().toList());
        }
        var parts = new ArrayList<>(trace.stream().toList());
        if (id.high() == 0) {
            var search = TraceSearch.builder();
            trace.ifPresent(half ->
                    search.start(
                            Math.max(0, half.startNanos() - SLACK_NANOS),
                            half.startNanos() + half.durationNanos() + SLACK_NANOS));
            pages(
                    tenant,
                    search,
                    null,
                    MAX_NEIGHBOURS,
                    MAX_NEIGHBOURS,
                    page -> {
                        page.stream().filter(other -> isOtherHalf(other, id)).forEach(parts::add);
                        return true;
                    });
        } else {
            otherHalf(tenant, id).ifPresent(parts::add);
        }
        return spans(parts);
    }

    /// Whether two ids mean the same trace when these are equal.
    Object key(TraceId id) {
        return strict ? id : id.low();
    }

    /// The newest traces that match, newest first.
    List<List<ZipkinSpan>> find(Tenant tenant, ZipkinQuery query) {
        var found = new LinkedHashMap<Object, List<ZipkinSpan>>();
        var budget = new SpanBudget(maxSpans);
        for (var search : searches(tenant, query)) {
            var ofThis = new HashSet<>();
            inTime(
                    tenant,
                    search,
                    query,
                    whole -> {
                        var key = key(whole.getFirst().traceId());
                        if (query.matches(whole)
                                && ofThis.add(key)
                                && found.putIfAbsent(key, whole) == null) {
                            budget.add(whole.size());
                        }
                        return ofThis.size() < query.limit();
                    });
        }
        return found.values().stream().sorted(NEWEST_FIRST).limit(query.limit()).toList();
    }

    /// All traces of a time, as far as [#MAX_CANDIDATES] go, those of one lower half together.
    List<List<ZipkinSpan>> all(Tenant tenant, ZipkinQuery query) {
        var found = new LinkedHashMap<Long, List<ZipkinSpan>>();
        var budget = new SpanBudget(maxSpans);
        inTime(
                tenant,
                TraceSearch.builder(),
                query,
                trace -> {
                    budget.add(trace.size());
                    found.computeIfAbsent(trace.getFirst().traceId().low(), _ -> new ArrayList<>())
                            .addAll(trace);
                    return true;
                });
        return found.values().stream().filter(query::inTime).toList();
    }

    /// The spans of the newest traces, of those with a span of the service unless it is empty.
    List<ZipkinSpan> newest(Tenant tenant, String service, int traces) {
        var found = new ArrayList<ZipkinSpan>();
        var spellings = service.isEmpty() ? List.of("") : services(tenant, service);
        for (var spelling : spellings) {
            var search = TraceSearch.builder().service(spelling.isEmpty() ? null : spelling);
            pages(tenant, search, null, traces, traces, page -> found.addAll(spans(page)));
        }
        return found;
    }

    /// The names of all services, in lower case.
    List<String> services(Tenant tenant) {
        return names(
                store.services(tenant).stream()
                        .filter(name -> !name.equals(Resource.UNKNOWN_SERVICE))
                        .toList());
    }

    /// The names of a service's spans, in lower case.
    List<String> spanNames(Tenant tenant, String service) {
        return names(
                services(tenant, service).stream()
                        .flatMap(spelling -> store.operations(tenant, spelling).stream())
                        .map(Operation::name)
                        .toList());
    }

    private static List<String> names(List<String> names) {
        return names.stream()
                .map(ZipkinSpan::lower)
                .filter(name -> !name.isEmpty())
                .distinct()
                .sorted()
                .toList();
    }

    // The store tells names apart that differ in case only.
    private List<String> services(Tenant tenant, String lowerCase) {
        return store.services(tenant).stream()
                .filter(name -> ZipkinSpan.lower(name).equals(lowerCase))
                .toList();
    }

    // Each finds all matches that have a span of one spelling of the service.
    private List<TraceSearch.Builder> searches(Tenant tenant, ZipkinQuery query) {
        if (query.service().isEmpty()) {
            return narrowed(tenant, null, query).stream().toList();
        }
        return services(tenant, query.service()).stream()
                .flatMap(service -> narrowed(tenant, service, query).stream())
                .toList();
    }

    // Conditions that hold on different spans cannot be asked of the store together: one is. Empty
    // when nothing can match.
    private Optional<TraceSearch.Builder> narrowed(
            Tenant tenant, @Nullable String service, ZipkinQuery query) {
        var search = TraceSearch.builder().service(service);
        var tag =
                query.annotations().entrySet().stream()
                        .filter(ZipkinTraces::isAttribute)
                        .findFirst();
        if (tag.isPresent()) {
            var match = new AttributeMatch(tag.get().getKey(), tag.get().getValue());
            return Optional.of(search.attributes(List.of(match)));
        }
        if (service != null && !query.spanName().isEmpty()) {
            var spellings =
                    store.operations(tenant, service).stream()
                            .map(Operation::name)
                            .filter(name -> ZipkinSpan.lower(name).equals(query.spanName()))
                            .distinct()
                            .toList();
            if (spellings.isEmpty()) {
                return Optional.empty();
            }
            if (spellings.size() == 1) {
                return Optional.of(search.operation(spellings.getFirst()));
            }
        }
        return Optional.of(
                query.restrictsDuration()
                        ? search.duration(
                                nanos(query.minDuration(), 1_000),
                                // Zipkin's durations are cut to microseconds.
                                plus(nanos(query.maxDuration(), 1_000), 999))
                        : search);
    }

    // Lists and maps are written in another way in a tag.
    private static boolean isAttribute(Map.Entry<String, String> term) {
        var key = term.getKey();
        var value = term.getValue();
        return !key.isEmpty()
                && !value.isEmpty()
                && !value.startsWith("[")
                && !value.startsWith("{")
                && !key.startsWith("otel.")
                && !key.startsWith("otlp.link.")
                && !NOT_ATTRIBUTES.contains(key);
    }

    // Until one more is not wanted.
    private void inTime(
            Tenant tenant,
            TraceSearch.Builder search,
            ZipkinQuery query,
            Predicate<List<ZipkinSpan>> more) {
        long end = nanos(query.endTs(), 1_000_000);
        search.start(
                Math.max(0, nanos(query.earliest(), 1_000_000) - SLACK_NANOS),
                plus(end, SLACK_NANOS));
        var latest = new Cursor(plus(end, 1), LAST_ID);
        int first = Math.min(query.limit(), PAGE);
        pages(
                tenant,
                search,
                latest,
                first,
                MAX_CANDIDATES,
                page -> {
                    for (var whole : whole(tenant, page)) {
                        if (!more.test(whole)) {
                            return false;
                        }
                    }
                    return true;
                });
    }

    private void pages(
            Tenant tenant,
            TraceSearch.Builder search,
            @Nullable Cursor after,
            int firstPage,
            int most,
            Predicate<List<Trace>> more) {
        var cursor = after;
        int size = Math.min(firstPage, PAGE);
        int left = most;
        boolean wanted = true;
        while (wanted && left > 0) {
            var page =
                    store.search(tenant, search.limit(Math.min(size, left)).after(cursor).build());
            wanted = more.test(page.traces()) && page.next().isPresent();
            cursor = page.next().orElse(null);
            left -= Math.max(1, page.traces().size());
            size = Math.min(PAGE, size * 4);
        }
    }

    private List<List<ZipkinSpan>> whole(Tenant tenant, List<Trace> page) {
        if (strict) {
            return page.stream().map(trace -> spans(List.of(trace))).toList();
        }
        var neighbours = neighbours(tenant, page);
        return page.stream()
                .map(trace -> {
                    var parts = new ArrayList<Trace>();
                    parts.add(trace);
                    var id = trace.traceId();
                    if (id.high() == 0) {
                        parts.addAll(neighbours.getOrDefault(id.low(), List.of()));
                    } else {
                        otherHalf(tenant, id).ifPresent(parts::add);
                    }
                    return spans(parts);
                })
                .toList();
    }

    // Traces of long ids around those of short ones, by their lower halves.
    private Map<Long, List<Trace>> neighbours(Tenant tenant, List<Trace> page) {
        var halves = page.stream().filter(trace -> trace.traceId().high() == 0).toList();
        if (halves.isEmpty()) {
            return Map.of();
        }
        var starts = halves.stream().mapToLong(Trace::startNanos).summaryStatistics();
        var ends =
                halves.stream().mapToLong(half -> half.startNanos() + half.durationNanos()).max();
        var search =
                TraceSearch.builder()
                        .start(
                                Math.max(0, starts.getMin() - SLACK_NANOS),
                                plus(ends.orElse(starts.getMax()), SLACK_NANOS));
        var found = new HashMap<Long, List<Trace>>();
        pages(
                tenant,
                search,
                null,
                MAX_NEIGHBOURS,
                MAX_NEIGHBOURS,
                others -> {
                    others.stream()
                            .filter(other -> other.traceId().high() != 0)
                            .forEach(other ->
                                    found.computeIfAbsent(
                                                    other.traceId().low(), _ -> new ArrayList<>())
                                            .add(other));
                    return true;
                });
        return found;
    }

    private Optional<Trace> otherHalf(Tenant tenant, TraceId id) {
        return id.low() == 0 ? Optional.empty() : store.trace(tenant, new TraceId(0, id.low()));
    }

    private static boolean isOtherHalf(Trace trace, TraceId id) {
        return trace.traceId().low() == id.low() && trace.traceId().high() != id.high();
    }

    private static List<ZipkinSpan> spans(List<Trace> traces) {
        return traces.stream()
                .flatMap(trace -> trace.spans().stream())
                .map(ZipkinSpan::of)
                .collect(Collectors.toList());
    }

    private static long nanos(long count, long unit) {
        return count > Long.MAX_VALUE / unit ? Long.MAX_VALUE : count * unit;
    }

    private static long plus(long nanos, long more) {
        return nanos > Long.MAX_VALUE - more ? Long.MAX_VALUE : nanos + more;
    }
}
