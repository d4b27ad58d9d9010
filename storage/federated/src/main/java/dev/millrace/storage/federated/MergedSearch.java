package dev.millrace.storage.federated;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.federated.Inquiry.Question;
import dev.millrace.storage.federated.Panel.Seat;
import dev.millrace.storage.federated.ResumePoints.Point;
import dev.millrace.storage.federated.ResumePoints.Progress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One page of a search over several stores.
///
/// Each store gives what it finds newest first, by the start that it knows of a trace. A trace that
/// lies in several is completed from the others, and may begin earlier than the store said that
/// found it, but not later; so it is held back until no store can come up with anything newer. For
/// the same reason a cursor means nothing to a single store: a page begins where the one before
/// left off, or, when that is forgotten, at the newest trace.
///
/// A trace that matches as a whole has a span that matches, and the store that has this span finds
/// it. What one store has alone may match by a copy that loses against one of another store, so
/// every trace is looked at again when it is complete. Copies of a span may differ in their end,
/// and begin at the same time but for what a store of microseconds leaves out.
final class MergedSearch {

    /// How much too early a trace may seem to begin in a store that knows whole microseconds only,
    /// as of spans that Jaeger wrote.
    private static final long ROUNDING_NANOS = 1_000;

    /// Traces read from a member at once, and traces that are completed at once: bounds on what is
    /// held in memory.
    private static final int MOST_READ = 200;

    private static final int MOST_COMPLETED = 16;

    private final Inquiry inquiry;
    private final ResumePoints resumePoints;
    private final Tenant tenant;
    private final TraceSearch search;
    private final SpanCondition condition;
    private final List<Stream> streams = new ArrayList<>();

    /// Found, and begins too early to be given out; without a body where it was found for an
    /// earlier page.
    private final TreeMap<Cursor, Optional<TraceUnion>> held = new TreeMap<>(Cursor.NEWEST_FIRST);

    private final Set<TraceId> settled = new HashSet<>();
    private final List<Trace> page = new ArrayList<>();
    private final Set<TraceId> cut = new HashSet<>();

    /// A trace as one member has it.
    private record Candidate(Seat seat, TraceUnion share) {

        private TraceId traceId() {
            return share.trace().traceId();
        }
    }

    /// What is asked to complete a trace.
    private record Share(TraceId traceId, int seat) {}

    MergedSearch(Inquiry inquiry, ResumePoints resumePoints, Tenant tenant, TraceSearch search) {
        this.inquiry = inquiry;
        this.resumePoints = resumePoints;
        this.tenant = tenant;
        this.search = search;
        this.condition = new SpanCondition(search);
    }

    SearchPage run() {
        begin();
        boolean full = false;
        while (!full) {
            readAhead();
            full = giveOut();
            if (!full && streams.stream().noneMatch(Stream::hasNext)) {
                break;
            }
            if (!full) {
                complete(take());
            }
        }
        if (!full) {
            return new SearchPage(page, Optional.empty(), cut);
        }
        var last = page.getLast();
        var next = new Cursor(last.startNanos(), last.traceId());
        if (inquiry.whole()) {
            var progress = streams.stream().map(Stream::progress).toList();
            resumePoints.keep(
                    tenant, search, next, new Point(progress, List.copyOf(held.keySet())));
        }
        return new SearchPage(page, Optional.of(next), cut);
    }

    private void begin() {
        var point =
                search.after() == null
                        ? Optional.<Point>empty()
                        : resumePoints.find(tenant, search);
        for (var seat : inquiry.present()) {
            streams.add(
                    new Stream(
                            seat,
                            point.map(found -> found.progress().get(seat.number()))
                                    .orElse(new Progress(null, true))));
        }
        point.ifPresent(found ->
                found.held()
                        .forEach(cursor -> {
                            held.put(cursor, Optional.empty());
                            settled.add(cursor.traceId());
                        }));
    }

    /// Sees to it that of each member the next trace is known, or that there is none.
    private void readAhead() {
        var questions = new LinkedHashMap<Stream, Question<SearchPage>>();
        for (var stream : streams) {
            if (stream.needsReading()) {
                questions.put(stream, stream.question());
            }
        }
        if (!questions.isEmpty()) {
            inquiry.answers(questions).forEach(Stream::add);
            var present = inquiry.present();
            streams.removeIf(stream -> !present.contains(stream.seat));
        }
    }

    /// Puts on the page what no member can precede any more.
    ///
    /// @return whether the page is full, and another one follows
    private boolean giveOut() {
        while (!held.isEmpty() && streams.stream().allMatch(this::isAhead)) {
            var first = held.firstKey();
            var trace =
                    held.getOrDefault(first, Optional.empty()).or(() -> fetched(first.traceId()));
            if (trace.isEmpty()) {
                // It has expired since the page before.
                held.remove(first);
            } else if (page.size() == search.limit()) {
                return true;
            } else {
                held.remove(first);
                page.add(trace.get().trace());
                if (!trace.get().whole()) {
                    cut.add(first.traceId());
                }
            }
        }
        return false;
    }

    private boolean isAhead(Stream stream) {
        return !stream.hasNext()
                || held.firstKey().startNanos() - stream.head().startNanos() >= ROUNDING_NANOS;
    }

    /// The next candidates in order, as far as that is known.
    private List<Candidate> take() {
        var taken = new ArrayList<Candidate>();
        while (taken.size() < MOST_COMPLETED && streams.stream().noneMatch(Stream::needsReading)) {
            var newest =
                    streams.stream()
                            .filter(Stream::hasNext)
                            .min(Comparator.comparing(Stream::head, Cursor.NEWEST_FIRST));
            if (newest.isEmpty()) {
                break;
            }
            var candidate = newest.get().take();
            if (settled.add(candidate.traceId())) {
                taken.add(candidate);
            }
        }
        return taken;
    }

    /// Holds those that match once all is known of them, and belong on this page or a later one.
    private void complete(List<Candidate> candidates) {
        var questions = new LinkedHashMap<Share, Question<Optional<TraceUnion>>>();
        for (var candidate : candidates) {
            var id = candidate.traceId();
            for (var seat : inquiry.present()) {
                if (seat != candidate.seat()) {
                    questions.put(
                            new Share(id, seat.number()),
                            new Question<>(seat, store -> TraceUnion.in(store, tenant, id)));
                }
            }
        }
        var others = inquiry.answers(questions);
        for (var candidate : candidates) {
            var id = candidate.traceId();
            var shares = new ArrayList<>(List.of(candidate.share()));
            others.forEach((share, trace) -> {
                if (share.traceId().equals(id)) {
                    trace.ifPresent(shares::add);
                }
            });
            TraceUnion.of(shares).filter(this::matches).ifPresent(this::hold);
        }
    }

    // Of what is not whole it is enough that a member has found it.
    private boolean matches(TraceUnion found) {
        return !found.whole() || found.trace().spans().stream().anyMatch(condition);
    }

    private void hold(TraceUnion found) {
        var key = key(found.trace());
        var after = search.after();
        if (after == null || Cursor.NEWEST_FIRST.compare(key, after) > 0) {
            held.put(key, Optional.of(found));
        }
    }

    private Optional<TraceUnion> fetched(TraceId id) {
        var shares = inquiry.ofAll(store -> TraceUnion.in(store, tenant, id));
        return TraceUnion.of(shares.stream().flatMap(Optional::stream).toList())
                .filter(this::matches);
    }

    private static Cursor key(Trace trace) {
        return new Cursor(trace.startNanos(), trace.traceId());
    }

    /// What one member finds, read page by page.
    private final class Stream {

        private final Seat seat;
        private final Deque<TraceUnion> ahead = new ArrayDeque<>();
        private @Nullable Cursor read;
        private @Nullable Cursor taken;
        private boolean more;

        private Stream(Seat seat, Progress progress) {
            this.seat = seat;
            this.read = progress.taken();
            this.taken = progress.taken();
            this.more = progress.more();
        }

        private boolean needsReading() {
            return ahead.isEmpty() && more;
        }

        private boolean hasNext() {
            return !ahead.isEmpty();
        }

        private Question<SearchPage> question() {
            var part = search.page(Math.min(search.limit() + 1, MOST_READ), read);
            return new Question<>(seat, (TraceStore store) -> store.search(tenant, part));
        }

        private void add(SearchPage found) {
            for (var trace : found.traces()) {
                ahead.add(new TraceUnion(trace, !found.cut().contains(trace.traceId())));
            }
            read = found.next().orElse(null);
            more = found.next().isPresent();
        }

        private Cursor head() {
            return key(ahead.element().trace());
        }

        private Candidate take() {
            var share = ahead.remove();
            taken = key(share.trace());
            return new Candidate(seat, share);
        }

        private Progress progress() {
            return new Progress(taken, more || !ahead.isEmpty());
        }
    }
}
