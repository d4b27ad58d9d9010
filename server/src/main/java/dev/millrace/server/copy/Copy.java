package dev.millrace.server.copy;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.Backoff;
import dev.millrace.server.copy.CopyReport.Verification;
import dev.millrace.server.copy.CopyState.Counts;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TracePieces;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Copies the traces of a range of time from one store to another, newest first, page by page, and
/// the figures of services where both keep them.
///
/// After every page it notes in a file where it stands, until all is done; a copy that was broken
/// off goes on there, and what it writes again changes nothing, for the ids of fragments follow
/// from what is in them. Where a source can search only with a service named, it is read service by
/// service, and a trace is copied with the first service of its own.
///
/// For one thread; blocks while it copies.
public final class Copy {

    private static final int TRIES = 8;
    private static final long BATCH_BYTES = 8L << 20;
    private static final int SOME = 10;

    /// Figures of so many minutes are read at once.
    private static final int MINUTES = 60;

    /// What the figures of no minute in particular go by.
    private static final long NO_MINUTE = 0;

    private static final long MINUTE_SECONDS = 60;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private record SpanKey(SpanId id, SpanKind kind, String service, String name) {

        static SpanKey of(Span span) {
            return new SpanKey(span.spanId(), span.kind(), span.serviceName(), span.name());
        }
    }

    /// Takes what a page holds that belongs to it.
    private interface Pages {
        /// @param next where the next page begins; null after the last
        void take(Tenant tenant, String service, List<SourceTrace> traces, @Nullable Cursor next)
                throws IOException;
    }

    /// A trace of the source, in one piece or, where it is too large for that, in several.
    private record SourceTrace(TraceId traceId, Iterable<Trace> pieces) {}

    private final CopyPlan plan;
    private final TraceStore from;
    private final TraceStore to;
    private final Path stateFile;
    private final Pace pace;
    private final Pace.Pause pause;
    private final Consumer<CopyProgress> progress;
    private CopyState state = CopyState.BEGINNING;

    /// @param stateFile keeps where the copy stands; need not be there
    /// @param pause lets time pass before something is tried again
    public Copy(
            CopyPlan plan,
            TraceStore from,
            TraceStore to,
            Path stateFile,
            Pace pace,
            Pace.Pause pause,
            Consumer<CopyProgress> progress) {
        this.plan = plan;
        this.from = from;
        this.to = to;
        this.stateFile = stateFile;
        this.pace = pace;
        this.pause = pause;
        this.progress = progress;
    }

    /// Copies what is not copied yet.
    ///
    /// @param verify whether to read both stores once more and compare them
    /// @throws IOException when the state file cannot be read or written, or is about another plan
    /// @throws StoreException when a store fails for longer than a few tries; to be run again
    public CopyReport run(boolean verify) throws IOException {
        state = CopyState.read(stateFile, plan);
        pages(state.tenant(), state.service(), state.after(), this::copy);
        var minutes = new long[2];
        if (from instanceof DependencyStore source && to instanceof DependencyStore target) {
            for (var tenant : plan.tenants()) {
                copyFigures(tenant, source, target, minutes);
            }
        }
        var verification = verify ? verification() : null;
        var counts = state.counts();
        var report =
                new CopyReport(
                        counts.tracesRead(),
                        counts.spansRead(),
                        counts.tracesWritten(),
                        counts.spansWritten(),
                        minutes[0],
                        minutes[1],
                        verification);
        if (report.balances()) {
            Files.deleteIfExists(stateFile);
        }
        return report;
    }

    /// The plan of the copy that a state file is about; empty when there is no file.
    ///
    /// @throws IOException when the file cannot be read
    public static Optional<CopyPlan> begun(Path stateFile) throws IOException {
        return CopyState.plan(stateFile);
    }

    /// Goes through the source from a place on.
    private void pages(int tenantsDone, String service, @Nullable Cursor after, Pages into)
            throws IOException {
        String firstService = service;
        Cursor cursor = after;
        for (var tenant : plan.tenants().subList(tenantsDone, plan.tenants().size())) {
            for (String each : sections(tenant)) {
                if (each.compareTo(firstService) < 0) {
                    continue;
                }
                if (!each.equals(firstService)) {
                    cursor = null;
                }
                do {
                    var page = page(tenant, each, cursor, plan.pageTraces());
                    cursor = page.next().orElse(null);
                    var own =
                            page.traces().stream()
                                    .filter(trace -> isOf(each, trace))
                                    .map(trace -> sourceTrace(tenant, trace, page.cut()))
                                    .toList();
                    into.take(tenant, each, own, cursor);
                } while (cursor != null);
            }
            firstService = "";
        }
    }

    private SourceTrace sourceTrace(Tenant tenant, Trace trace, Set<TraceId> cut) {
        return new SourceTrace(
                trace.traceId(),
                cut.contains(trace.traceId())
                        ? pieces(from, tenant, trace.traceId())
                        : List.of(trace));
    }

    /// A trace of any size, each piece read when its turn comes.
    private Iterable<Trace> pieces(TraceStore store, Tenant tenant, TraceId traceId) {
        var bodies = new TracePieces(store, tenant, traceId);
        return () -> {
            var each = bodies.iterator();
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return patiently(each::hasNext);
                }

                @Override
                public Trace next() {
                    return new Trace(traceId, OtlpDecoder.spans(patiently(each::next)));
                }
            };
        };
    }

    /// The services of a tenant, or one without a name that stands for all where that can be asked.
    private List<String> sections(Tenant tenant) {
        try {
            var _ = page(tenant, "", null, 1);
            return List.of("");
        } catch (StoreException e) {
            if (e.kind() != StoreException.Kind.NOT_SUPPORTED) {
                throw e;
            }
            return patiently(() -> from.services(tenant)).stream().sorted().toList();
        }
    }

    private SearchPage page(Tenant tenant, String service, @Nullable Cursor after, int limit) {
        var search =
                TraceSearch.builder()
                        .service(service.isEmpty() ? null : service)
                        .start(nanos(plan.since()), nanos(plan.until()) - 1)
                        .limit(limit)
                        .after(after)
                        .build();
        return patiently(() -> from.search(tenant, search));
    }

    /// Whether a trace that was found with a service is to be copied with it, and not with another.
    private boolean isOf(String service, Trace trace) {
        return service.isEmpty()
                || trace.spans().stream()
                        .filter(span ->
                                span.startNanos() >= nanos(plan.since())
                                        && span.startNanos() < nanos(plan.until()))
                        .map(Span::serviceName)
                        .noneMatch(other -> other.compareTo(service) < 0);
    }

    private void copy(
            Tenant tenant, String service, List<SourceTrace> traces, @Nullable Cursor next)
            throws IOException {
        long spans = 0;
        long bytes = 0;
        var batch = new ArrayList<Fragment>();
        for (var trace : traces) {
            for (var piece : trace.pieces()) {
                for (var fragment : TraceFragments.of(tenant, piece)) {
                    batch.add(fragment);
                    bytes += fragment.body().length();
                    if (bytes >= BATCH_BYTES) {
                        write(batch);
                        bytes = 0;
                    }
                }
                spans += piece.spans().size();
            }
        }
        write(batch);
        int tenantsDone = plan.tenants().indexOf(tenant);
        var counts = state.counts().plus(new Counts(traces.size(), spans, traces.size(), spans));
        if (next == null) {
            // A zero after the name is the least that comes after it.
            state =
                    service.isEmpty()
                            ? new CopyState(tenantsDone + 1, "", null, counts)
                            : new CopyState(tenantsDone, service + "\0", null, counts);
        } else {
            state = new CopyState(tenantsDone, service, next, counts);
        }
        state.write(stateFile, plan);
        progress.accept(
                new CopyProgress(
                        share(tenantsDone, next),
                        "copied",
                        counts.tracesWritten(),
                        counts.spansWritten()));
        pace.done(spans);
    }

    private void write(List<Fragment> batch) {
        patiently(() -> {
            to.write(batch);
            return true;
        });
        batch.clear();
    }

    private double share(int tenantsDone, @Nullable Cursor next) {
        long begin = nanos(plan.since());
        long end = nanos(plan.until());
        double ofThis =
                next == null
                        ? 1
                        : Math.clamp((double) (end - next.startNanos()) / (end - begin), 0, 1);
        return (tenantsDone + ofThis) / plan.tenants().size();
    }

    private Verification verification() throws IOException {
        var found = new Found();
        pages(
                0,
                "",
                null,
                (tenant, _, traces, next) -> {
                    traces.forEach(trace -> found.look(tenant, trace));
                    progress.accept(
                            new CopyProgress(
                                    share(plan.tenants().indexOf(tenant), next),
                                    "verified",
                                    found.traces,
                                    found.spans));
                });
        return new Verification(
                found.traces, found.spans, found.tracesFound, found.spansFound, found.missing);
    }

    /// What the target has of the source, as far as both were read again.
    private final class Found {
        private long traces;
        private long spans;
        private long tracesFound;
        private long spansFound;
        private final List<String> missing = new ArrayList<>();

        void look(Tenant tenant, SourceTrace trace) {
            var there = new HashSet<SpanKey>();
            for (var piece : pieces(to, tenant, trace.traceId())) {
                piece.spans().forEach(span -> there.add(SpanKey.of(span)));
            }
            long all = 0;
            long again = 0;
            for (var piece : trace.pieces()) {
                all += piece.spans().size();
                again +=
                        piece.spans().stream()
                                .filter(span -> there.contains(SpanKey.of(span)))
                                .count();
            }
            traces++;
            spans += all;
            spansFound += again;
            if (again == all) {
                tracesFound++;
            } else if (missing.size() < SOME) {
                missing.add("%s: %d of %d spans".formatted(trace.traceId(), again, all));
            }
        }
    }

    /// Copies what the target lacks: of the same minute and partition, the figures win that more
    /// records are in.
    ///
    /// @param minutes how many there are in the source, and how many of them in the target
    private void copyFigures(
            Tenant tenant, DependencyStore source, DependencyStore target, long[] minutes) {
        long first = Math.floorDiv(plan.since().getEpochSecond(), MINUTE_SECONDS);
        long end = Math.ceilDiv(plan.until().getEpochSecond(), MINUTE_SECONDS);
        if (first > NO_MINUTE || end <= NO_MINUTE) {
            // They are of no time, so they go whatever the range.
            copyFigures(tenant, source, target, NO_MINUTE, NO_MINUTE + 1, minutes);
        }
        for (long minute = first; minute < end; minute += MINUTES) {
            copyFigures(tenant, source, target, minute, Math.min(end, minute + MINUTES), minutes);
        }
    }

    private void copyFigures(
            Tenant tenant,
            DependencyStore source,
            DependencyStore target,
            long begin,
            long end,
            long[] minutes) {
        var ours = patiently(() -> source.dependencies(tenant, begin, end));
        if (ours.isEmpty()) {
            return;
        }
        var there = new HashMap<String, Long>();
        patiently(() -> target.dependencies(tenant, begin, end))
                .forEach(one -> there.put(place(one), one.upTo()));
        var lacking =
                ours.stream()
                        .filter(one -> there.getOrDefault(place(one), -1L) < one.upTo())
                        .toList();
        patiently(() -> {
            target.writeDependencies(lacking);
            return true;
        });
        there.clear();
        patiently(() -> target.dependencies(tenant, begin, end))
                .forEach(one -> there.put(place(one), one.upTo()));
        minutes[0] += ours.size();
        minutes[1] +=
                ours.stream()
                        .filter(one -> there.getOrDefault(place(one), -1L) >= one.upTo())
                        .count();
    }

    private static String place(DependencyMinute minute) {
        return minute.minute() + "/" + minute.partition();
    }

    /// Asks again, a few times and ever later, while the store is busy or away.
    private <T> T patiently(Supplier<T> question) {
        var backoff = new Backoff(Duration.ofMillis(250), Duration.ofSeconds(10));
        for (int attempt = 1; ; attempt++) {
            try {
                return question.get();
            } catch (StoreException e) {
                boolean passing =
                        switch (e.kind()) {
                            case OVER_CAPACITY, UNAVAILABLE -> true;
                            case INVALID_REQUEST, NOT_SUPPORTED, TOO_LARGE, CORRUPT, BUG -> false;
                        };
                if (!passing || attempt == TRIES) {
                    throw e;
                }
                pause.last(backoff.next());
            }
        }
    }

    private static long nanos(Instant instant) {
        return Math.addExact(
                Math.multiplyExact(instant.getEpochSecond(), NANOS_PER_SECOND), instant.getNano());
    }
}
