package dev.millrace.storage.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.ZstdException;
import dev.millrace.model.ByteSize;
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
import dev.millrace.wire.otlp.MalformedSpansException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.util.ThreadInterruptedException;
import org.jspecify.annotations.Nullable;

/// Keeps traces, and the figures of services, in a directory of this machine.
///
/// A write is one Lucene commit per window it touches, forced to disk, shared by the threads that
/// write at the same moment. Killing the process at any time loses nothing that was acknowledged. A
/// search looks at 100,000 fragments at most and refuses with OVER_CAPACITY beyond that.
///
/// What is damaged is set aside when it is met, and the rest goes on without it. Only the question
/// that meets damage in the very trace it asks for fails, as CORRUPT.
///
/// Metrics: `millrace.store.fragments`, `millrace.store.fragments.duplicate`,
/// `millrace.store.spans`, `millrace.store.dependencies`, `millrace.store.write`,
/// `millrace.store.search`, `millrace.store.trace`, `millrace.store.version`,
/// `millrace.store.bytes`, `millrace.store.windows.writing`, `millrace.store.windows.corrupt`,
/// `millrace.store.segments.corrupt`, `millrace.store.dependencies.corrupt`,
/// `millrace.store.windows.expired` by `reason`.
public final class LocalTraceStore implements TraceStore, DependencyStore {

    /// The largest body that is taken in.
    static final int MAX_BODY_BYTES = 64 * 1024 * 1024;

    private static final int DOCUMENTS_KEPT = 8;
    private static final int ATTEMPTS = 5;

    /// How much of what was found on disk is read through at each expiry, to find damage before a
    /// question does.
    private static final long VERIFIED_BYTES = 2L * 1024 * 1024 * 1024;

    private final LocalStoreConfig config;
    private final int maxCandidates;
    private final Dictionaries dictionaries;
    private final Windows windows;
    private final DependencyIndex dependencies;
    private final BlockingQueue<FragmentDocument> documents =
            new ArrayBlockingQueue<>(DOCUMENTS_KEPT);
    private final LocalStoreMeters meters;
    private final LocalStoreMeters.Measured measured = new Gauges();

    // Callers hold the read side, start and close the write side.
    private final ReentrantReadWriteLock lifecycle = new ReentrantReadWriteLock();
    private @Nullable StoreLock lock;

    // Held by whatever lets go of files, and by what must find all of them.
    private final ReentrantLock upkeep = new ReentrantLock();

    public LocalTraceStore(LocalStoreConfig config, MeterRegistry registry) {
        this(config, new LocalStoreMeters(registry));
    }

    /// One of several stores of a process.
    ///
    /// @param meters of all of them
    public LocalTraceStore(LocalStoreConfig config, LocalStoreMeters meters) {
        this(config, meters, Search.MAX_CANDIDATES);
    }

    LocalTraceStore(LocalStoreConfig config, MeterRegistry registry, int maxCandidates) {
        this(config, new LocalStoreMeters(registry), maxCandidates);
    }

    private LocalTraceStore(LocalStoreConfig config, LocalStoreMeters meters, int maxCandidates) {
        this.config = config;
        this.maxCandidates = maxCandidates;
        this.dictionaries = new Dictionaries(config.directory().resolve("dictionaries"));
        this.windows =
                new Windows(config.directory().resolve("windows"), config.window(), dictionaries);
        this.dependencies = new DependencyIndex(config.directory().resolve("dependencies"));
        this.meters = meters;
    }

    /// Opens the directory.
    ///
    /// @throws StoreException when another process uses it, or when it was made with another window
    public void start() {
        lifecycle.writeLock().lock();
        try {
            lock = StoreLock.of(config.directory(), config.window());
            dictionaries.start();
            windows.start();
            dependencies.start();
            meters.opened(measured);
        } catch (IOException e) {
            close();
            throw failure("cannot open " + config.directory(), e);
        } finally {
            lifecycle.writeLock().unlock();
        }
    }

    @Override
    public void write(List<Fragment> fragments) {
        meters.writeTime.record(() ->
                ask(
                        "write",
                        () -> {
                            writeByWindow(byWindow(fragments));
                            return true;
                        }));
    }

    private Map<Long, List<Fragment>> byWindow(List<Fragment> fragments) {
        var byWindow = new TreeMap<Long, List<Fragment>>();
        for (var fragment : fragments) {
            long start;
            try {
                start = FragmentScan.earliestStart(fragment.body());
            } catch (MalformedSpansException e) {
                throw invalid(fragment, String.valueOf(e.getMessage()));
            }
            if (start == Long.MAX_VALUE) {
                throw invalid(fragment, "no spans (expected: at least one)");
            }
            if (fragment.body().length() > MAX_BODY_BYTES) {
                throw invalid(
                        fragment, fragment.body().length() + " bytes (expected: at most 64 MiB)");
            }
            long window = windows.startSeconds(Math.floorDiv(start, 1_000_000_000L));
            byWindow.computeIfAbsent(window, _ -> new ArrayList<>()).add(fragment);
        }
        return byWindow;
    }

    private static StoreException invalid(Fragment fragment, String what) {
        return new StoreException(Kind.INVALID_REQUEST, "fragment " + fragment.id() + ": " + what);
    }

    private void writeByWindow(Map<Long, List<Fragment>> byWindow) throws IOException {
        var idle = documents.poll();
        var document = idle == null ? new FragmentDocument() : idle;
        try {
            for (var entry : byWindow.entrySet()) {
                var written = writeTo(entry.getKey(), entry.getValue(), document);
                meters.fragmentsWritten.increment(written.fragments());
                meters.fragmentsRepeated.increment(entry.getValue().size() - written.fragments());
                meters.spansWritten.increment(written.spans());
            }
        } finally {
            if (!documents.offer(document)) {
                document.close();
            }
        }
    }

    // A window may be dropped or found damaged under our hands; then a fresh one takes its place.
    private Window.Written writeTo(
            long windowStart, List<Fragment> fragments, FragmentDocument document)
            throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            var window = windows.forWriting(windowStart);
            try {
                var written = window.write(fragments, document);
                if (written != null) {
                    return written;
                }
            } catch (IOException e) {
                if (!Damage.isShownBy(e)) {
                    throw e;
                }
                windows.repair(window, e, attempt == ATTEMPTS - 2);
            }
        }
        throw new StoreException(
                Kind.UNAVAILABLE, "window " + windowStart + " went away again and again");
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        return ofTrace(
                tenant,
                traceId,
                (snapshot, places) -> {
                    if (places.isEmpty()) {
                        return Optional.empty();
                    }
                    var part = snapshot.read(traceId, places);
                    if (!part.whole()) {
                        throw new StoreException(
                                Kind.TOO_LARGE,
                                "trace " + traceId + ": more than " + MAX_WHOLE_BYTES + " bytes");
                    }
                    return Optional.of(part.trace());
                });
    }

    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        long start = from.map(LocalTraceStore::start).orElse(Long.MIN_VALUE);
        return ofTrace(
                tenant, traceId, (snapshot, places) -> snapshot.piece(traceId, places, start));
    }

    private static long start(String next) {
        try {
            return Long.parseLong(next);
        } catch (NumberFormatException e) {
            throw new StoreException(
                    Kind.INVALID_REQUEST,
                    "piece from \"" + next + "\" (expected: where an earlier piece said)",
                    e);
        }
    }

    private interface TraceQuestion<T> {
        T answer(Snapshot snapshot, List<Snapshot.Place> places);
    }

    private <T> T ofTrace(Tenant tenant, TraceId traceId, TraceQuestion<T> question) {
        return timed(
                meters.traceTime,
                "trace " + traceId,
                snapshot -> {
                    var places = snapshot.locate(tenant, traceId);
                    try {
                        return question.answer(snapshot, places);
                    } catch (UnreadableSegmentException e) {
                        throw new LostTraceException(e);
                    }
                });
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return timed(
                meters.versionTime,
                "version of trace " + traceId,
                snapshot -> snapshot.version(tenant, traceId));
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return timed(
                meters.searchTime,
                "search",
                snapshot -> new Search(snapshot, tenant, search, maxCandidates).run());
    }

    @Override
    public List<String> services(Tenant tenant) {
        var prefix = Terms.servicesOf(tenant);
        return timed(
                meters.searchTime,
                "services",
                snapshot -> {
                    var names = new TreeSet<String>();
                    snapshot.terms(
                            prefix,
                            term ->
                                    names.add(
                                            new String(
                                                    term.bytes,
                                                    term.offset + prefix.length,
                                                    term.length - prefix.length,
                                                    UTF_8)));
                    return List.copyOf(names);
                });
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        var prefix = Terms.operationsOf(tenant, service);
        return timed(
                meters.searchTime,
                "operations",
                snapshot -> {
                    var operations = new TreeSet<Operation>();
                    snapshot.terms(
                            prefix, term -> operations.add(Terms.operation(term, prefix.length)));
                    return List.copyOf(operations);
                });
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        meters.writeTime.record(() ->
                ask(
                        "write dependencies",
                        () -> {
                            dependencies.write(minutes);
                            meters.dependenciesWritten.increment(minutes.size());
                            return true;
                        }));
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        var found =
                meters.searchTime.record(
                        () -> ask("dependencies", () -> dependencies.find(tenant, from, to)));
        return found == null ? List.of() : found;
    }

    /// Gives up what lies wholly before `horizon`, and more when the store is larger than it may
    /// be; looks for damage, and makes the back-ups that are asked for.
    @Override
    public Expired expire(Instant horizon) {
        return expire(horizon, config.maxSize());
    }

    /// The same for a store that shares its disk with others.
    ///
    /// @param maxSize what it may have at this time; 0 for no bound
    public Expired expire(Instant horizon, ByteSize maxSize) {
        return ask(
                "expire",
                () -> {
                    upkeep.lock();
                    try {
                        var dropped = expireWindows(horizon, maxSize.bytes());
                        windows.verify(VERIFIED_BYTES);
                        BackUp.fulfil(config.directory().resolve("backups"), this::linkTo);
                        return dropped;
                    } finally {
                        upkeep.unlock();
                    }
                });
    }

    private Expired expireWindows(Instant horizon, long maxBytes) throws IOException {
        long left = maxBytes > 0 ? Math.max(1, maxBytes - dependencies.bytes()) : 0;
        var dropped = windows.expire(horizon, left);
        meters.windowsTooOld.increment(dropped.tooOld());
        meters.windowsTooMuch.increment(dropped.tooMuch());
        // Figures go with the windows of traces they belong to.
        long keptFrom = windows.startSeconds(horizon.getEpochSecond());
        if (dropped.tooMuch() > 0) {
            keptFrom = Math.max(keptFrom, windows.oldestSeconds().orElse(keptFrom));
        }
        dependencies.expire(Math.floorDiv(keptFrom, 60));
        return dropped;
    }

    /// Copies the store as it is, while it is in use, to a new directory of the same file system.
    ///
    /// The copy shares its files with the store by links. All that was acknowledged before is in
    /// it; of what is written meanwhile some may be.
    ///
    /// @param target made by this, with all of its content or not at all
    /// @throws StoreException when it exists or cannot be linked to
    public void backUp(Path target) {
        ask(
                "back-up",
                () -> {
                    upkeep.lock();
                    try {
                        BackUp.make(target, this::linkTo);
                        return true;
                    } finally {
                        upkeep.unlock();
                    }
                });
    }

    // Windows before dictionaries: those that their bodies need are there then.
    private void linkTo(Path target) throws IOException {
        windows.linkTo(target.resolve("windows"));
        dictionaries.linkTo(target.resolve("dictionaries"));
        dependencies.linkTo(target.resolve("dependencies"));
        StoreLock.linkLayout(config.directory(), target);
    }

    /// Whether something was found damaged and set aside since the start.
    public boolean isDamaged() {
        return windows.setAside() + windows.segmentsSetAside() + dependencies.setAside() > 0;
    }

    private final class Gauges implements LocalStoreMeters.Measured {

        @Override
        public double bytes() {
            try {
                return windows.bytes() + dependencies.bytes();
            } catch (IOException _) {
                return Double.NaN;
            }
        }

        @Override
        public double windowsWriting() {
            return windows.writing();
        }

        @Override
        public double windowsCorrupt() {
            return windows.setAside();
        }

        @Override
        public double segmentsCorrupt() {
            return windows.segmentsSetAside();
        }

        @Override
        public double dependenciesCorrupt() {
            return dependencies.setAside();
        }
    }

    @Override
    public void close() {
        lifecycle.writeLock().lock();
        try {
            var held = lock;
            if (held == null) {
                return;
            }
            lock = null;
            meters.closed(measured);
            try (held) {
                try (dependencies) {
                    windows.close();
                }
            } finally {
                for (var document = documents.poll();
                        document != null;
                        document = documents.poll()) {
                    document.close();
                }
                dictionaries.close();
            }
        } catch (IOException e) {
            throw failure("cannot close " + config.directory(), e);
        } finally {
            lifecycle.writeLock().unlock();
        }
    }

    private interface Question<T> {
        T answer(Snapshot snapshot) throws IOException;
    }

    private interface Work<T> {
        T result() throws IOException;
    }

    private <T> T timed(Timer timer, String what, Question<T> question) {
        var answer = timer.record(() -> ask(what, () -> answer(question)));
        if (answer == null) {
            throw new StoreException(Kind.BUG, what + ": no answer");
        }
        return answer;
    }

    // What is damaged is taken out, and the question asked again of the rest.
    private <T> T answer(Question<T> question) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            UnreadableSegmentException damage;
            try (var snapshot = new Snapshot(windows, dictionaries)) {
                try {
                    return question.answer(snapshot);
                } catch (UnreadableSegmentException e) {
                    if (!e.segment().isDamaged()) {
                        throw unexplained(e);
                    }
                    damage = e;
                } catch (LostTraceException e) {
                    if (!e.reason().segment().isDamaged()) {
                        throw unexplained(e.reason());
                    }
                    repair(e.reason());
                    throw new StoreException(
                            Kind.CORRUPT, "a part of it is damaged and was set aside", e);
                }
            }
            repair(damage);
        }
        throw new StoreException(Kind.CORRUPT, "damage in more than " + ATTEMPTS + " places");
    }

    private void repair(UnreadableSegmentException damage) throws IOException {
        windows.repair(
                damage.segment().window(),
                new CorruptIndexException("a checksum differs", damage.toString(), damage),
                false);
    }

    // The segment is as it was written, so what went wrong is told as it is.
    private static RuntimeException unexplained(UnreadableSegmentException e) throws IOException {
        return switch (e.getCause()) {
            case IOException cause -> throw cause;
            case RuntimeException cause -> cause;
            case null, default -> e;
        };
    }

    /// Damage lies in the very trace that is asked for.
    private static final class LostTraceException extends RuntimeException {

        private static final long serialVersionUID = 1;

        private final UnreadableSegmentException reason;

        LostTraceException(UnreadableSegmentException reason) {
            super(reason);
            this.reason = reason;
        }

        UnreadableSegmentException reason() {
            return reason;
        }
    }

    // Every failure leaves as a StoreException whose kind says what to do.
    private <T> T ask(String what, Work<T> work) {
        lifecycle.readLock().lock();
        try {
            if (lock == null) {
                throw new StoreException(Kind.UNAVAILABLE, what + ": the store is not open");
            }
            return work.result();
        } catch (StoreException e) {
            throw e.kind() == Kind.CORRUPT
                    ? new StoreException(Kind.CORRUPT, what + ": " + e.getMessage(), e)
                    : e;
        } catch (CorruptIndexException
                | IndexFormatTooOldException
                | IndexFormatTooNewException
                | MalformedSpansException
                | ZstdException e) {
            throw new StoreException(Kind.CORRUPT, what + ": " + e.getMessage(), e);
        } catch (IOException | AlreadyClosedException e) {
            throw failure(what, e);
        } catch (ThreadInterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure(what, e);
        } catch (RuntimeException e) {
            throw new StoreException(Kind.BUG, what + ": " + e, e);
        } finally {
            lifecycle.readLock().unlock();
        }
    }

    private static StoreException failure(String what, Exception cause) {
        return new StoreException(Kind.UNAVAILABLE, what + ": " + cause.getMessage(), cause);
    }
}
