package dev.millrace.storage.federated;

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
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Several stores as one. All are read, at once and for a bounded time; the first takes what is
/// written and gives up what is too old.
///
/// A trace is what all of them have of it, each span once by the rule of duplicates. When one does
/// not answer, the question fails and says which; only whoever asks through [#tolerating(Consumer)]
/// may get what the others have, where that was allowed.
///
/// Of the figures of a minute and partition that several keep, those win that counted more, and of
/// equal ones the earlier store's. They are never added up: a store that was copied or written
/// twice would count double.
///
/// Safe for threads.
public final class FederatedTraceStore implements TraceStore, DependencyStore {

    private static final int RESUME_POINTS = 256;

    private final Panel panel;
    private final Duration patience;
    private final boolean partialAnswers;
    private final ResumePoints resumePoints;
    private final @Nullable Consumer<String> gaps;

    /// @param members at least one; they stay the caller's to close, after this
    /// @param patience how long all of them together may take to answer a question
    /// @param partialAnswers whether those who can say so may get what some members have when
    ///   others do not answer
    public FederatedTraceStore(List<Member> members, Duration patience, boolean partialAnswers) {
        this(members, patience, partialAnswers, RESUME_POINTS);
    }

    FederatedTraceStore(
            List<Member> members, Duration patience, boolean partialAnswers, int resumePoints) {
        this(
                new Panel(checked(members)),
                patience,
                partialAnswers,
                new ResumePoints(resumePoints),
                null);
        if (!patience.isPositive()) {
            throw new IllegalArgumentException("patience: " + patience + " (expected: above zero)");
        }
    }

    private FederatedTraceStore(
            Panel panel,
            Duration patience,
            boolean partialAnswers,
            ResumePoints resumePoints,
            @Nullable Consumer<String> gaps) {
        this.panel = panel;
        this.patience = patience;
        this.partialAnswers = partialAnswers;
        this.resumePoints = resumePoints;
        this.gaps = gaps;
    }

    private static List<Member> checked(List<Member> members) {
        long names = members.stream().map(Member::name).distinct().count();
        if (members.isEmpty() || names < members.size()) {
            throw new IllegalArgumentException(
                    "stores: "
                            + members.stream().map(Member::name).toList()
                            + " (expected: at least one, each once)");
        }
        return members;
    }

    @Override
    public TraceStore tolerating(Consumer<String> told) {
        return partialAnswers
                ? new FederatedTraceStore(panel, patience, true, resumePoints, told)
                : this;
    }

    private TraceStore first() {
        return panel.seats().getFirst().store();
    }

    private Inquiry inquiry() {
        return new Inquiry(panel, patience, gaps);
    }

    @Override
    public void write(List<Fragment> fragments) {
        first().write(fragments);
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        var inquiry = inquiry();
        var shares = inquiry.ofAll(store -> TraceUnion.in(store, tenant, traceId));
        var found = TraceUnion.of(shares.stream().flatMap(Optional::stream).toList());
        if (found.isEmpty()) {
            inquiry.needEverybody();
        } else if (!found.get().whole()) {
            throw new StoreException(
                    Kind.TOO_LARGE,
                    "trace " + traceId + ": more than " + MAX_WHOLE_BYTES + " bytes");
        }
        return found.map(TraceUnion::trace);
    }

    /// The pieces of one member after those of another, which may hold copies. All members have to
    /// answer, whatever is tolerated otherwise: pieces are read while an answer is under way, when
    /// it is too late to say that something is missing.
    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        var inquiry = new Inquiry(panel, patience, null);
        var place = from.map(MemberPlace::parse).orElse(MemberPlace.FIRST);
        for (var seat : panel.seats().subList(place.member(), panel.seats().size())) {
            var begin = seat.number() == place.member() ? place.from() : Optional.<String>empty();
            var piece =
                    inquiry.of(seat, store -> store.piece(tenant, traceId, begin))
                            .flatMap(Function.identity());
            if (piece.isPresent()) {
                return Optional.of(
                        new TracePiece(piece.get().body(), following(seat, piece.get())));
            }
        }
        return Optional.empty();
    }

    private Optional<String> following(Panel.Seat seat, TracePiece piece) {
        if (piece.next().isPresent()) {
            return Optional.of(new MemberPlace(seat.number(), piece.next()).text());
        }
        int next = seat.number() + 1;
        return next < panel.seats().size()
                ? Optional.of(new MemberPlace(next, Optional.empty()).text())
                : Optional.empty();
    }

    /// As many parts as all members have together, and the version of each for a mark.
    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        var versions = inquiry().ofAll(store -> store.version(tenant, traceId));
        long parts = versions.stream().mapToLong(TraceVersion::parts).sum();
        return parts == 0
                ? TraceVersion.NONE
                : new TraceVersion(
                        parts,
                        versions.stream()
                                .map(version -> version.parts() + ":" + version.mark())
                                .collect(Collectors.joining(",")));
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        return new MergedSearch(inquiry(), resumePoints, tenant, search).run();
    }

    @Override
    public List<String> services(Tenant tenant) {
        return sorted(inquiry().ofAll(store -> store.services(tenant)));
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        return sorted(inquiry().ofAll(store -> store.operations(tenant, service)));
    }

    private static <T extends Comparable<T>> List<T> sorted(List<List<T>> lists) {
        var all = new TreeSet<T>();
        lists.forEach(all::addAll);
        return List.copyOf(all);
    }

    /// In the first store; the others see to that themselves.
    @Override
    public Expired expire(Instant horizon) {
        return first().expire(horizon);
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        if (!(first() instanceof DependencyStore figures)) {
            throw keepsNoFigures();
        }
        figures.writeDependencies(minutes);
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        if (panel.seats().stream().noneMatch(seat -> seat.store() instanceof DependencyStore)) {
            throw keepsNoFigures();
        }
        return mostCounted(
                inquiry()
                        .ofAll(store ->
                                store instanceof DependencyStore figures
                                        ? figures.dependencies(tenant, from, to)
                                        : List.of()));
    }

    private record Place(long minute, int partition) {}

    private static List<DependencyMinute> mostCounted(Collection<List<DependencyMinute>> kept) {
        var best = new LinkedHashMap<Place, DependencyMinute>();
        kept.stream()
                .flatMap(List::stream)
                .forEach(minute ->
                        best.merge(
                                new Place(minute.minute(), minute.partition()),
                                minute,
                                (one, other) -> seen(other) > seen(one) ? other : one));
        return List.copyOf(best.values());
    }

    private static long seen(DependencyMinute minute) {
        return minute.entries().stream().mapToLong(entry -> entry.figures().seen()).sum();
    }

    private static StoreException keepsNoFigures() {
        return new StoreException(
                Kind.NOT_SUPPORTED, "dependencies: no figures of services are kept here");
    }

    /// Takes no more questions; its members stay open. Idempotent.
    @Override
    public void close() {
        panel.close();
    }
}
