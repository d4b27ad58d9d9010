package dev.millrace.storage.cached;

import dev.millrace.cache.SharedBytes;
import dev.millrace.cache.SharedBytes.Claim;
import dev.millrace.cache.SharedBytes.Kept;
import dev.millrace.cache.SharedBytes.Missing;
import dev.millrace.cache.SharedBytes.Unknown;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
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
import dev.millrace.storage.cached.CacheMeters.Outcome;
import dev.millrace.storage.cached.SingleFlight.Landing;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A store whose traces and names are remembered for a while.
///
/// A trace that could still grow when it was read is answered with what is kept only if the store
/// says that it has the same version still; one that had been quiet for long, without asking. A
/// write through this store makes all who share the memory forget the traces it touches. What is
/// not there is not remembered. Who asks for the same thing at once shares one question to the
/// store, and so gets what was true when that was asked.
///
/// An answer that lacks something, or comes of a copy that may, is given to those who take it and
/// not remembered. Those who take only whole answers and those who do not share no questions.
///
/// Metrics: `millrace.cache.questions` by `kind` and `outcome`, `millrace.cache.load` by `kind`,
/// `millrace.cache.puts` by `outcome`, and those of the memory.
public sealed class CachedTraceStore implements TraceStore permits CachedTraceStore.WithFigures {

    private final TraceStore store;
    private final SharedBytes bytes;
    private final CacheConfig config;
    private final InstantSource clock;
    private final Flights strict;
    private final Flights tolerant;
    private final CacheMeters traceMeters;
    private final CacheMeters serviceMeters;
    private final CacheMeters operationMeters;

    /// Answers what is not remembered.
    private final TraceStore direct;

    /// Null for who takes only whole answers.
    private final @Nullable Consumer<String> gaps;

    /// The questions that are under way.
    private record Flights(
            SingleFlight<Heard<Optional<Trace>>> traces, SingleFlight<Heard<List<String>>> names) {

        private static Flights of(Duration patience, LongSupplier nanos) {
            return new Flights(
                    new SingleFlight<>(patience, nanos), new SingleFlight<>(patience, nanos));
        }
    }

    private CachedTraceStore(
            TraceStore store,
            SharedBytes bytes,
            CacheConfig config,
            InstantSource clock,
            LongSupplier nanos,
            MeterRegistry registry) {
        this.store = store;
        this.bytes = bytes;
        this.config = config;
        this.clock = clock;
        strict = Flights.of(config.patience(), nanos);
        tolerant = Flights.of(config.patience(), nanos);
        traceMeters = new CacheMeters("trace", registry);
        serviceMeters = new CacheMeters("services", registry);
        operationMeters = new CacheMeters("operations", registry);
        direct = store;
        gaps = null;
    }

    /// The same for somebody else.
    private CachedTraceStore(CachedTraceStore one, TraceStore direct, Consumer<String> gaps) {
        store = one.store;
        bytes = one.bytes;
        config = one.config;
        clock = one.clock;
        strict = one.strict;
        tolerant = one.tolerant;
        traceMeters = one.traceMeters;
        serviceMeters = one.serviceMeters;
        operationMeters = one.operationMeters;
        this.direct = direct;
        this.gaps = gaps;
    }

    /// One before a store, which is closed with it. It keeps figures if the store does.
    ///
    /// @param bytes where answers are remembered
    /// @param clock agrees with those of the senders of spans within minutes
    /// @param nanos a clock that never steps back
    public static CachedTraceStore over(
            TraceStore store,
            SharedBytes bytes,
            CacheConfig config,
            InstantSource clock,
            LongSupplier nanos,
            MeterRegistry registry) {
        return store instanceof DependencyStore figures
                ? new WithFigures(store, figures, bytes, config, clock, nanos, registry)
                : new CachedTraceStore(store, bytes, config, clock, nanos, registry);
    }

    /// What the memory must be able to hold under one name.
    ///
    /// @param maxTrace as in [CacheConfig]
    public static ByteSize largestEntry(ByteSize maxTrace) {
        return new ByteSize(maxTrace.bytes() + CachedTrace.MAX_HEAD_BYTES);
    }

    @Override
    public TraceStore tolerating(Consumer<String> told) {
        var other = store.tolerating(told);
        if (other.equals(store)) {
            return this;
        }
        return other instanceof DependencyStore figures
                ? new WithFigures(this, other, figures, told)
                : new CachedTraceStore(this, other, told);
    }

    private Flights flights() {
        return gaps == null ? strict : tolerant;
    }

    private <T> Heard<T> hear(Function<TraceStore, T> question) {
        return Heard.from(store, gaps != null, question);
    }

    private <T> T told(Heard<T> heard) {
        if (gaps != null) {
            heard.gaps().forEach(gaps);
        }
        return heard.answer();
    }

    @Override
    public void write(List<Fragment> fragments) {
        try {
            store.write(fragments);
        } finally {
            // Where the write failed, some of it may have been kept.
            forget(fragments);
        }
    }

    private void forget(List<Fragment> fragments) {
        var names = new LinkedHashSet<String>();
        for (var fragment : fragments) {
            names.add(KeptNames.trace(fragment.tenant(), fragment.traceId()));
        }
        if (!names.isEmpty()) {
            // In this order: nobody is to join, after this, one who found what was kept before.
            bytes.forget(names);
            names.forEach(strict.traces()::forget);
            names.forEach(tolerant.traces()::forget);
        }
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        var question = new TraceQuestion(tenant, traceId);
        return told(
                flights()
                        .traces()
                        .fly(
                                question.name,
                                question::ask,
                                () -> traceMeters.answered(Outcome.JOINED)));
    }

    /// One trace, asked for.
    private final class TraceQuestion {

        private final Tenant tenant;
        private final TraceId traceId;
        private final String name;
        private final long askedAt = nowNanos();

        private TraceQuestion(Tenant tenant, TraceId traceId) {
            this.tenant = tenant;
            this.traceId = traceId;
            this.name = KeptNames.trace(tenant, traceId);
        }

        private Landing<Heard<Optional<Trace>>> ask() {
            return switch (bytes.find(name)) {
                case Kept(Slice kept) -> check(kept);
                case Missing(Claim claim) -> load(Outcome.MISSED, version().answer(), claim);
                case Unknown() -> {
                    traceMeters.answered(Outcome.UNREACHABLE);
                    yield Landing.of(load());
                }
            };
        }

        private Landing<Heard<Optional<Trace>>> check(Slice kept) {
            var entry = CachedTrace.decode(kept);
            var trace = entry.flatMap(found -> found.trace(traceId));
            if (entry.isEmpty() || trace.isEmpty()) {
                return load(Outcome.STALE, version().answer(), bytes.reclaim(name));
            }
            if (entry.get().settled()) {
                traceMeters.answered(Outcome.HIT);
                return Landing.of(Heard.ofKept(trace));
            }
            var version = version();
            if (version.answer().equals(entry.get().version())) {
                traceMeters.answered(Outcome.CHECKED);
                return Landing.of(version.with(trace));
            }
            return load(Outcome.STALE, version.answer(), bytes.reclaim(name));
        }

        private Heard<TraceVersion> version() {
            return hear(asked -> asked.version(tenant, traceId));
        }

        private Heard<Optional<Trace>> load() {
            return traceMeters.loaded(() -> hear(asked -> asked.trace(tenant, traceId)));
        }

        /// @param version asked for before: were it asked for afterwards, it might stand for more
        ///   than the trace holds
        private Landing<Heard<Optional<Trace>>> load(
                Outcome outcome, TraceVersion version, Claim claim) {
            traceMeters.answered(outcome);
            var heard = load();
            return heard.keepable()
                    ? new Landing<>(
                            heard,
                            () -> heard.answer().ifPresent(found -> put(found, version, claim)))
                    : Landing.of(heard);
        }

        private void put(Trace trace, TraceVersion version, Claim claim) {
            CachedTrace.of(
                            version,
                            trace,
                            askedAt,
                            config.settledAfter(),
                            config.maxTrace().bytes())
                    .ifPresentOrElse(
                            entry -> bytes.put(name, claim, entry.encode(), config.traceExpiry()),
                            traceMeters::tooLarge);
        }
    }

    private long nowNanos() {
        var now = clock.instant();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    /// From the store: what is read in pieces is too large to be remembered.
    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        return direct.piece(tenant, traceId, from);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return direct.version(tenant, traceId);
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return direct.search(tenant, search);
    }

    @Override
    public List<String> services(Tenant tenant) {
        return names(KeptNames.services(tenant), serviceMeters, asked -> asked.services(tenant));
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        var texts =
                names(
                        KeptNames.service(tenant, service),
                        operationMeters,
                        asked -> texts(asked.operations(tenant, service)));
        return operations(texts);
    }

    private static List<String> texts(List<Operation> operations) {
        return operations.stream().map(one -> one.kind().name() + " " + one.name()).toList();
    }

    private static List<Operation> operations(List<String> texts) {
        var operations = new ArrayList<Operation>(texts.size());
        for (String text : texts) {
            int space = text.indexOf(' ');
            operations.add(
                    new Operation(
                            text.substring(space + 1), SpanKind.valueOf(text.substring(0, space))));
        }
        return operations;
    }

    private List<String> names(
            String name, CacheMeters meters, Function<TraceStore, List<String>> question) {
        return told(
                flights()
                        .names()
                        .fly(
                                name,
                                () -> findNames(name, meters, question),
                                () -> meters.answered(Outcome.JOINED)));
    }

    private Landing<Heard<List<String>>> findNames(
            String name, CacheMeters meters, Function<TraceStore, List<String>> question) {
        return switch (bytes.find(name)) {
            case Kept(Slice kept) -> check(name, kept, meters, question);
            case Missing(Claim claim) -> {
                meters.answered(Outcome.MISSED);
                yield loadNames(name, claim, Optional.empty(), meters, question);
            }
            case Unknown() -> {
                meters.answered(Outcome.UNREACHABLE);
                yield Landing.of(meters.loaded(() -> hear(question)));
            }
        };
    }

    private Landing<Heard<List<String>>> check(
            String name,
            Slice kept,
            CacheMeters meters,
            Function<TraceStore, List<String>> question) {
        var entry = CachedNames.decode(kept);
        if (entry.isPresent() && entry.get().isGood(clock.millis(), config.namesExpiry())) {
            meters.answered(Outcome.HIT);
            return Landing.of(Heard.ofKept(entry.get().names()));
        }
        meters.answered(Outcome.STALE);
        return loadNames(name, bytes.reclaim(name), entry, meters, question);
    }

    private Landing<Heard<List<String>>> loadNames(
            String name,
            Claim claim,
            Optional<CachedNames> before,
            CacheMeters meters,
            Function<TraceStore, List<String>> question) {
        long now = clock.millis();
        var heard = meters.loaded(() -> hear(question));
        var names = heard.answer();
        if (names.isEmpty() || !heard.keepable()) {
            return Landing.of(heard);
        }
        var entry =
                before.map(known -> known.followedBy(now, names))
                        .orElseGet(() -> CachedNames.of(now, names));
        // Twice as long as they can be good, so that it is known then whether they have changed.
        return new Landing<>(
                heard,
                () -> bytes.put(name, claim, entry.encode(), config.namesExpiry().multipliedBy(2)));
    }

    @Override
    public Expired expire(Instant horizon) {
        return store.expire(horizon);
    }

    @Override
    public void close() {
        store.close();
    }

    /// One before a store that keeps figures, which are not remembered.
    static final class WithFigures extends CachedTraceStore implements DependencyStore {

        private final DependencyStore figures;

        private WithFigures(
                TraceStore store,
                DependencyStore figures,
                SharedBytes bytes,
                CacheConfig config,
                InstantSource clock,
                LongSupplier nanos,
                MeterRegistry registry) {
            super(store, bytes, config, clock, nanos, registry);
            this.figures = figures;
        }

        private WithFigures(
                CachedTraceStore one,
                TraceStore direct,
                DependencyStore figures,
                Consumer<String> gaps) {
            super(one, direct, gaps);
            this.figures = figures;
        }

        @Override
        public void writeDependencies(List<DependencyMinute> minutes) {
            figures.writeDependencies(minutes);
        }

        @Override
        public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
            return figures.dependencies(tenant, from, to);
        }
    }
}
