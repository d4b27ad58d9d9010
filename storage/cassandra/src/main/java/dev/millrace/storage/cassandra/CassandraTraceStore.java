package dev.millrace.storage.cassandra;

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
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Keeps traces in Cassandra, in the tables that Jaeger reads and writes.
///
/// A span is one row, known by its id and a hash of its bytes, so that writing it again changes
/// nothing. A write returns when as many replicas as the consistency asks for have all rows. What
/// is too old goes by itself, row by row, so there is no [#expire(Instant)].
///
/// Where no node answers at the start, or not in time, it connects when one does.
///
/// Metrics: `millrace.store.fragments`, `millrace.store.spans`, `millrace.store.write`,
/// `millrace.store.search`, `millrace.store.trace`, `millrace.store.version`,
/// `millrace.store.cassandra.requests`, `millrace.store.cassandra.requests.failed`,
/// `millrace.store.cassandra.in.flight`.
public final class CassandraTraceStore implements TraceStore, DependencyStore {

    /// As long as a schema takes to be made on nodes that have much else to do.
    private static final Duration START_PATIENCE = Duration.ofMinutes(2);

    private final CassandraConfig config;
    private final MeterRegistry meters;
    private final LongSupplier nanoTime;
    private final int maxRows;
    private final int maxTraces;
    private final Counter fragmentsWritten;
    private final Counter spansWritten;
    private final Timer writeTime;
    private final Timer searchTime;
    private final Timer traceTime;
    private final Timer versionTime;

    // Callers hold the read side, so that nothing is closed under their hands.
    private final ReentrantReadWriteLock lifecycle = new ReentrantReadWriteLock();
    private volatile @Nullable Connector<Cluster> connector;

    public CassandraTraceStore(CassandraConfig config, MeterRegistry meters) {
        this(config, meters, RowBudget.MAX_ROWS, Search.MAX_TRACES, System::nanoTime);
    }

    /// @param maxRows of indexes that a search may look at
    /// @param maxTraces that a search may read
    /// @param nanoTime as [System#nanoTime()] has it
    CassandraTraceStore(
            CassandraConfig config,
            MeterRegistry meters,
            int maxRows,
            int maxTraces,
            LongSupplier nanoTime) {
        this.config = config;
        this.meters = meters;
        this.nanoTime = nanoTime;
        this.maxRows = maxRows;
        this.maxTraces = maxTraces;
        this.fragmentsWritten = meters.counter("millrace.store.fragments");
        this.spansWritten = meters.counter("millrace.store.spans");
        this.writeTime = meters.timer("millrace.store.write");
        this.searchTime = meters.timer("millrace.store.search");
        this.traceTime = meters.timer("millrace.store.trace");
        this.versionTime = meters.timer("millrace.store.version");
    }

    /// Begins to connect, and creates what is missing where the configuration says so.
    ///
    /// Returns when that is done or cannot be done for now, within two minutes at most. Then it
    /// goes on in the background, and what is asked of the store meanwhile is unavailable.
    ///
    /// @throws StoreException when waiting does not help: the keyspace is incomplete, or the
    ///   credentials or certificates are refused
    public void start() {
        var begun =
                new Connector<>(
                        config.toString(),
                        () -> new Cluster(config, meters, nanoTime),
                        Connector.Pauses.DEFAULT);
        lifecycle.writeLock().lock();
        try {
            if (connector != null) {
                throw new IllegalStateException("started already (expected: once)");
            }
            connector = begun;
        } finally {
            lifecycle.writeLock().unlock();
        }
        boolean begins = false;
        try {
            begun.start(START_PATIENCE);
            begins = true;
        } finally {
            if (!begins) {
                close();
            }
        }
    }

    /// Why it has not connected since it was started; empty once it has. What happens to the nodes
    /// later is told by those who ask.
    public Optional<String> away() {
        var connecting = connector;
        return connecting == null ? Optional.of("the store is not open") : connecting.missing();
    }

    @Override
    public void write(List<Fragment> fragments) {
        writeTime.record(() ->
                ask(
                        "write",
                        connected -> {
                            var byTenant = new LinkedHashMap<Tenant, List<Fragment>>();
                            fragments.forEach(fragment ->
                                    byTenant.computeIfAbsent(
                                                    fragment.tenant(), _ -> new ArrayList<>())
                                            .add(fragment));
                            byTenant.forEach((tenant, those) -> {
                                int spans = connected.forWriting(tenant).write(those);
                                fragmentsWritten.increment(those.size());
                                spansWritten.increment(spans);
                            });
                            return true;
                        }));
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        return ofTrace(
                tenant,
                traceId,
                reader -> {
                    var part = reader.read(traceId);
                    if (part.isPresent() && !part.get().whole()) {
                        throw new StoreException(
                                Kind.TOO_LARGE,
                                "trace " + traceId + ": more than " + MAX_WHOLE_BYTES + " bytes");
                    }
                    return part.map(TraceReader.Part::trace);
                });
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        @Nullable ByteBuffer start = from.map(CassandraTraceStore::pagingState).orElse(null);
        return ofTrace(tenant, traceId, reader -> reader.piece(traceId, start));
    }

    private static ByteBuffer pagingState(String next) {
        try {
            return ByteBuffer.wrap(HexFormat.of().parseHex(next));
        } catch (IllegalArgumentException e) {
            throw new StoreException(
                    Kind.INVALID_REQUEST,
                    "piece from \"" + next + "\" (expected: where an earlier piece said)",
                    e);
        }
    }

    private <T> Optional<T> ofTrace(
            Tenant tenant, TraceId traceId, Function<TraceReader, Optional<T>> question) {
        return timed(
                traceTime,
                () ->
                        ask(
                                "trace " + traceId,
                                connected ->
                                        connected
                                                .forReading(tenant)
                                                .flatMap(keyspace ->
                                                        question.apply(
                                                                reader(connected, keyspace)))));
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return timed(
                versionTime,
                () ->
                        ask(
                                "version of trace " + traceId,
                                connected ->
                                        connected
                                                .forReading(tenant)
                                                .map(keyspace ->
                                                        reader(connected, keyspace)
                                                                .version(traceId))
                                                .orElse(TraceVersion.NONE)));
    }

    private static TraceReader reader(Cluster connected, Keyspace keyspace) {
        return new TraceReader(connected.requests(), keyspace.statements());
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return timed(
                searchTime,
                () ->
                        ask(
                                "search",
                                connected ->
                                        connected
                                                .forReading(tenant)
                                                .map(keyspace ->
                                                        search(connected, keyspace, search))
                                                .orElseGet(() ->
                                                        new SearchPage(
                                                                List.of(), Optional.empty()))));
    }

    private SearchPage search(Cluster connected, Keyspace keyspace, TraceSearch search) {
        var candidates =
                new Candidates(
                        connected.requests(),
                        keyspace.statements(),
                        config.extraIndexes(),
                        search,
                        new RowBudget(maxRows));
        return new Search(reader(connected, keyspace), connected.readers(), search, maxTraces)
                .run(candidates.walk());
    }

    @Override
    public List<String> services(Tenant tenant) {
        return ask(
                "services",
                connected ->
                        connected.forReading(tenant).map(Keyspace::services).orElse(List.of()));
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        return ask(
                "operations",
                connected ->
                        connected
                                .forReading(tenant)
                                .map(keyspace -> keyspace.operations(service))
                                .orElse(List.of()));
    }

    /// Refuses: Cassandra gives up every row when its time to live is over.
    @Override
    public Expired expire(Instant horizon) {
        throw new StoreException(
                Kind.NOT_SUPPORTED,
                "expire: rows expire by themselves (expected: the retention, set when tables are"
                        + " created)");
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        ask(
                "write dependencies",
                connected -> {
                    var byTenant = new LinkedHashMap<Tenant, List<DependencyMinute>>();
                    minutes.forEach(minute ->
                            byTenant.computeIfAbsent(minute.tenant(), _ -> new ArrayList<>())
                                    .add(minute));
                    byTenant.forEach((tenant, those) ->
                            connected.forWriting(tenant).writeDependencies(those));
                    return true;
                });
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return ask(
                "dependencies",
                connected ->
                        connected
                                .forReading(tenant)
                                .map(keyspace -> keyspace.dependencies().read(tenant, from, to))
                                .orElse(List.of()));
    }

    @Override
    public void close() {
        lifecycle.writeLock().lock();
        try {
            var held = connector;
            connector = null;
            if (held != null) {
                held.close();
            }
        } finally {
            lifecycle.writeLock().unlock();
        }
    }

    private static <T> T timed(Timer timer, Supplier<T> question) {
        var answer = timer.record(question);
        if (answer == null) {
            throw new StoreException(Kind.BUG, "no answer");
        }
        return answer;
    }

    // Every failure leaves as a StoreException whose kind says what to do.
    private <T> T ask(String what, Function<Cluster, T> question) {
        lifecycle.readLock().lock();
        try {
            return question.apply(connected(what));
        } catch (StoreException e) {
            throw e;
        } catch (RuntimeException e) {
            throw Failures.of(what, e);
        } finally {
            lifecycle.readLock().unlock();
        }
    }

    // Under the read side.
    private Cluster connected(String what) {
        var connecting = connector;
        if (connecting == null) {
            throw new StoreException(Kind.UNAVAILABLE, what + ": the store is not open");
        }
        return connecting.connection();
    }
}
