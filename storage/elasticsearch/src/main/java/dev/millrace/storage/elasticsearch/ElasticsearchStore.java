package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Span;
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
import dev.millrace.storage.elasticsearch.KnownNames.Name;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.SpanIndex;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps traces in Elasticsearch or OpenSearch, in Jaeger's layout.
///
/// Each span is a document, and its id follows from where in the log it came from, so that writing
/// it again changes nothing. In the rollover layout a fragment written again after a rollover is
/// there twice, and read once. Tenants other than the default one have indices of their own.
///
/// Metrics: `millrace.store.fragments`, `millrace.store.spans`, `millrace.store.write`,
/// `millrace.store.search`, `millrace.store.trace`, `millrace.store.version`,
/// `millrace.store.windows.expired`, `millrace.store.bulk.requests`,
/// `millrace.store.bulk.documents`, `millrace.store.bulk.retries`,
/// `millrace.store.documents.refused`, `millrace.store.documents.full`.
public final class ElasticsearchStore implements TraceStore, DependencyStore {

    private static final Logger LOG = LoggerFactory.getLogger(ElasticsearchStore.class);

    private final StoreMeters meters;
    private final RestClient client;
    private final IndexAdmin indices;
    private final IndexUpkeep upkeep;
    private final BulkWriter bulk;
    private final Searches searches;
    private final SpanDocument documents;
    private final TraceReader reader;
    private final ServiceNames names;
    private final DependencyDocuments dependencies;
    private final KnownNames known;
    private final String dotReplacement;
    private final int maxCandidates;
    private volatile boolean open;

    public ElasticsearchStore(ElasticsearchConfig config, MeterRegistry registry) {
        this(config, registry, Search.MAX_CANDIDATES);
    }

    ElasticsearchStore(ElasticsearchConfig config, MeterRegistry registry, int maxCandidates) {
        this.maxCandidates = maxCandidates;
        meters = new StoreMeters(registry);
        client = new RestClient(config.connection());
        indices = new IndexAdmin(client, config.indices());
        upkeep = new IndexUpkeep(client, config.indices(), indices);
        bulk =
                new BulkWriter(
                        client,
                        config.writes(),
                        indices.throughAliases(),
                        new FullIndices(upkeep, config.indices()),
                        meters);
        searches = new Searches(client);
        dotReplacement = config.tagsAsFields().dotReplacement();
        documents = new SpanDocument(new TagWriter(config.tagsAsFields()));
        reader = new TraceReader(searches, new SpanSource(dotReplacement));
        names = new ServiceNames(searches);
        dependencies = new DependencyDocuments(searches);
        known = new KnownNames(meters.clock());
    }

    /// Sees to templates and aliases. With the servers away that is left to the first write.
    ///
    /// @throws StoreException when waiting does not help: the credentials or certificates are
    ///   refused
    public void start() {
        open = true;
        try {
            indices.greet();
            indices.makeReady(Tenant.DEFAULT);
        } catch (StoreException e) {
            if (e.kind() == Kind.BUG || RestClient.needsSomebody(e)) {
                throw e;
            }
            LOG.atWarn()
                    .addKeyValue("error", e.toString())
                    .log("The store's servers are away; writing waits for them");
        }
    }

    @Override
    public void write(List<Fragment> fragments) {
        timed(
                meters.write(),
                "write",
                () -> {
                    writeAll(fragments);
                    return true;
                });
    }

    private void writeAll(List<Fragment> fragments) {
        int spans = 0;
        var written = new LinkedHashSet<Name>();
        var places = new Places();
        try (var run = bulk.begin()) {
            for (var fragment : fragments) {
                indices.makeReady(fragment.tenant());
                spans += add(fragment, places, written, run);
            }
            run.finish();
        }
        places.mark();
        known.written(written);
        meters.written(fragments.size(), spans);
    }

    private int add(Fragment fragment, Places places, Set<Name> written, BulkWriter.Run run) {
        var index = new SpanIndex();
        List<Span> spans;
        try {
            index.add(fragment.traceId(), fragment.body());
            spans = OtlpDecoder.spans(fragment.body());
        } catch (MalformedSpansException e) {
            throw invalid(fragment, String.valueOf(e.getMessage()));
        }
        if (spans.isEmpty()) {
            throw invalid(fragment, "no spans (expected: at least one)");
        }
        String owner = "fragment " + fragment.id();
        for (int i = 0; i < spans.size(); i++) {
            var span = spans.get(i);
            int scope = index.scope(i);
            var exact =
                    new SpanDocument.Exact(
                            index.resourceHead(index.resourceOf(scope)),
                            index.scopeHead(scope),
                            index.span(i));
            long hour = Micros.of(span.startNanos()) / TimeUnit.HOURS.toMicros(1);
            run.add(
                    new BulkItem(
                            places.of(fragment.tenant(), IndexKind.SPAN, hour),
                            fragment.id() + "#" + i,
                            documents.of(span, fragment.id(), exact),
                            owner));
            String services = places.of(fragment.tenant(), IndexKind.SERVICE, hour);
            var name = new Name(services, span.serviceName(), span.name(), span.kind());
            if (!known.isKnown(name) && written.add(name)) {
                run.add(ServiceNames.document(services, span, owner));
            }
        }
        return spans.size();
    }

    private static StoreException invalid(Fragment fragment, String what) {
        return new StoreException(Kind.INVALID_REQUEST, "fragment " + fragment.id() + ": " + what);
    }

    /// Where spans of one write go, for most go to the same few indices. For one thread.
    private final class Places {

        private record Place(Tenant tenant, IndexKind kind, long hour) {}

        private final Map<Place, String> known = new HashMap<>();

        private String of(Tenant tenant, IndexKind kind, long hour) {
            return known.computeIfAbsent(
                    new Place(tenant, kind, hour),
                    place -> {
                        var time = Instant.EPOCH.plus(hour, ChronoUnit.HOURS);
                        String index = indices.names(tenant).forWriting(kind, time);
                        indices.makeReady(kind, index);
                        return index;
                    });
        }

        /// Has the indices that were written to say that they are ours.
        private void mark() {
            known.forEach((place, index) -> indices.markWritten(place.tenant(), index));
        }
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        String what = "trace " + traceId;
        return timed(
                meters.trace(),
                what,
                () -> {
                    var found = reader.read(indices.forReading(tenant, IndexKind.SPAN), traceId);
                    if (found.isPresent() && !found.get().whole()) {
                        throw new StoreException(
                                Kind.TOO_LARGE, what + ": more than " + MAX_WHOLE_BYTES + " bytes");
                    }
                    return found.map(TraceReader.Found::trace);
                });
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        return timed(
                meters.trace(),
                "trace " + traceId,
                () ->
                        reader.piece(
                                indices.forReading(tenant, IndexKind.SPAN),
                                traceId,
                                from.map(ElasticsearchStore::keys).orElse(null)));
    }

    private static JsonNode keys(String next) {
        try {
            return Json.MAPPER.readTree(next);
        } catch (JsonProcessingException e) {
            throw new StoreException(
                    Kind.INVALID_REQUEST,
                    "piece from \"" + next + "\" (expected: where an earlier piece said)",
                    e);
        }
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return timed(
                meters.version(),
                "version of trace " + traceId,
                () -> reader.version(indices.forReading(tenant, IndexKind.SPAN), traceId));
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return timed(
                meters.search(),
                "search",
                () -> {
                    var all = indices.forReading(tenant, IndexKind.SPAN);
                    var candidates =
                            indices.within(
                                    tenant,
                                    IndexKind.SPAN,
                                    all,
                                    time(search.startNanos()),
                                    time(search.endNanos()));
                    return new Search(
                                    searches,
                                    reader,
                                    candidates,
                                    all,
                                    search,
                                    dotReplacement,
                                    maxCandidates)
                            .run();
                });
    }

    private static Instant time(long nanos) {
        return Instant.EPOCH.plusNanos(Math.max(0, nanos));
    }

    @Override
    public List<String> services(Tenant tenant) {
        return timed(
                meters.search(),
                "services",
                () -> names.services(indices.forReading(tenant, IndexKind.SERVICE)));
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        return timed(
                meters.search(),
                "operations",
                () -> names.operations(indices.forReading(tenant, IndexKind.SERVICE), service));
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        timed(
                meters.write(),
                "write dependencies",
                () -> {
                    var places = new Places();
                    try (var run = bulk.begin()) {
                        for (var minute : minutes) {
                            indices.makeReady(minute.tenant());
                            String index =
                                    places.of(
                                            minute.tenant(),
                                            IndexKind.DEPENDENCIES,
                                            Math.floorDiv(minute.minute(), 60));
                            run.add(DependencyDocuments.document(index, minute));
                        }
                        run.finish();
                    }
                    places.mark();
                    return true;
                });
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return timed(
                meters.search(),
                "dependencies",
                () ->
                        from >= to
                                ? List.of()
                                : dependencies.read(
                                        indicesOfFigures(tenant, from, to), tenant, from, to));
    }

    // Jaeger's job names indices by its own idea of the day.
    private List<String> indicesOfFigures(Tenant tenant, long from, long to) {
        return indices.within(
                tenant,
                IndexKind.DEPENDENCIES,
                indices.forReading(tenant, IndexKind.DEPENDENCIES),
                DependencyDocuments.time(from).minus(1, ChronoUnit.DAYS),
                DependencyDocuments.time(to).plus(1, ChronoUnit.DAYS));
    }

    /// Drops the indices of all tenants that hold nothing from after the horizon, Jaeger's own
    /// documents in them included.
    @Override
    public Expired expire(Instant horizon) {
        return timed(
                meters.write(),
                "expire",
                () -> {
                    var dropped = upkeep.dropBefore(horizon);
                    known.forget(dropped.indices());
                    meters.expired(dropped.windows());
                    return Expired.tooOld(dropped.windows());
                });
    }

    @Override
    public void close() {
        open = false;
        client.close();
    }

    // Every failure leaves as a StoreException whose kind says what to do.
    private <T> T timed(Timer timer, String what, Supplier<T> work) {
        long start = meters.clock().monotonicTime();
        try {
            if (!open) {
                throw new StoreException(Kind.UNAVAILABLE, what + ": the store is not open");
            }
            return work.get();
        } catch (StoreException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new StoreException(Kind.BUG, what + ": " + e, e);
        } finally {
            timer.record(meters.clock().monotonicTime() - start, TimeUnit.NANOSECONDS);
        }
    }
}
