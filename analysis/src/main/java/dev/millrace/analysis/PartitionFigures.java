package dev.millrace.analysis;

import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The figures of one partition's traces since they were taken last.
///
/// Of each trace it hears, in this order: [#begin], [#observe] for each part, [#end]. Made by
/// [Analysis#partition()].
public final class PartitionFigures {

    private static final long NANOS_PER_MINUTE = 60_000_000_000L;

    /// A commit tells so many minutes of a tenant apart; further ones count as minute 0.
    private static final int MAX_MINUTES = 64;

    private final Analysis analysis;
    private final TraceTable trace;
    private final Peer peer;
    private final boolean histograms;
    private final Map<Tenant, List<MinuteFigures>> minutes = new LinkedHashMap<>();

    // Of the trace at hand.
    private Tenant tenant = Tenant.DEFAULT;
    private TraceId traceId = new TraceId(0, 1);
    private Catalog catalog;

    /// Where it counts: apart until it ends, for it may never do so, and figures may be taken
    /// before.
    private List<MinuteFigures> counted;

    private final List<MinuteFigures> beyond = new ArrayList<>(0);
    private MinuteFigures minute;
    private int[] services = new int[32];
    private int parts;
    private boolean incomplete;
    private boolean kept;
    private Slice knownState = Slice.EMPTY;
    private long knownUnits = Figures.UNIT;

    PartitionFigures(Analysis analysis) {
        this.analysis = analysis;
        this.trace = analysis.trace;
        this.peer = analysis.peer;
        this.histograms = analysis.config.histograms();
        this.catalog = analysis.catalog(tenant);
        this.counted = beyond;
        this.minute = new MinuteFigures(-1, histograms);
    }

    /// A trace begins; what there was of one that did not end is forgotten.
    public void begin(Tenant ofTrace, TraceId id) {
        tenant = ofTrace;
        traceId = id;
        catalog = analysis.catalog(ofTrace);
        parts = 0;
        incomplete = false;
        trace.clear();
        beyond.clear();
        countInto(beyond);
    }

    /// @param spans the part's spans, duplicates left out
    public void observe(SpanIndex index, int[] spans) {
        parts++;
        int first = trace.size();
        forgetServices(index.scopes());
        int[] calls = spans;
        if (enter(index, calls)) {
            calls = withoutPieces(index, spans);
            trace.truncate(first);
            enter(index, calls);
        }
        trace.connect(first);
        for (int row = first; row < trace.size(); row++) {
            readPeer(index, calls[row - first], row);
        }
    }

    /// Gives every span a row, as far as rows go.
    ///
    /// @return whether all have one and one of them is entered twice, so that a piece is among them
    private boolean enter(SpanIndex index, int[] spans) {
        boolean twice = false;
        int held = Math.min(spans.length, analysis.config.maxLinkedSpans() - trace.size());
        for (int i = 0; i < spans.length; i++) {
            int span = spans[i];
            int service = service(index, index.scope(span));
            int kind = kind(index, span);
            int operation = catalog.operation(service, kind, index.name(span));
            long units = units(index.traceState(span));
            long start = Math.max(0, index.start(span));
            long duration = Math.max(0, index.end(span) - start);
            if (i >= held) {
                incomplete = true;
                analysis.noteUnlinked();
                int _ = minute(start).operation(operation).add(units, index.error(span), duration);
                continue;
            }
            int row = trace.add(index.id(span), index.parent(span));
            trace.start[row] = start;
            trace.duration[row] = duration;
            trace.units[row] = units;
            trace.kind[row] = (byte) kind;
            trace.failed[row] = index.error(span);
            trace.service[row] = service;
            trace.operation[row] = operation;
            twice |= trace.hasTwin(row);
        }
        return twice && held == spans.length;
    }

    // Kinds that nobody knows count as those that nobody told.
    private static int kind(SpanIndex index, int span) {
        int kind = index.kind(span);
        return kind >= 0 && kind <= TraceTable.CONSUMER ? kind : 0;
    }

    /// Without the pieces of spans that are there with their time: a call counts once, in however
    /// many pieces Zipkin's clients report it.
    private int[] withoutPieces(SpanIndex index, int[] spans) {
        var timed = new HashSet<Identity>();
        var untimed = new BitSet();
        for (int span : spans) {
            if (index.isUntimed(span)) {
                untimed.set(span);
            } else {
                timed.add(identity(index, span));
            }
        }
        return Arrays.stream(spans)
                .filter(span -> !untimed.get(span) || !timed.contains(identity(index, span)))
                .toArray();
    }

    private Identity identity(SpanIndex index, int span) {
        return new Identity(index.id(span), kind(index, span), service(index, index.scope(span)));
    }

    /// What the pieces of a span have in common.
    private record Identity(long id, int kind, int service) {}

    private void forgetServices(int scopes) {
        if (services.length < scopes) {
            services = new int[scopes];
        }
        Arrays.fill(services, 0, scopes, -1);
    }

    /// Asked once for a scope, for spans change between them all the time.
    private int service(SpanIndex index, int scope) {
        if (services[scope] < 0) {
            services[scope] = catalog.service(index.serviceOf(scope));
        }
        return services[scope];
    }

    private void countInto(List<MinuteFigures> into) {
        counted = into;
        minute = into.isEmpty() ? new MinuteFigures(-1, histograms) : into.getFirst();
    }

    private long units(Slice state) {
        if (state.length() == 0) {
            return Figures.UNIT;
        }
        // All spans of a trace mostly have the same.
        if (!state.equals(knownState)) {
            knownState = Slice.of(state.toByteArray().clone());
            knownUnits = Figures.units(analysis.weight.of(state));
        }
        return knownUnits;
    }

    /// Only of calls of which one half is missing so far; those that turn out to miss it later, in
    /// a trace of several parts, name no peer.
    private void readPeer(SpanIndex index, int span, int row) {
        boolean consumer = trace.kind[row] == TraceTable.CONSUMER;
        if (trace.isUnanswered(row)) {
            peer.read(index.span(span), null);
            notePeer(row, peer.name(), peer.connection());
        } else if (consumer && trace.caller(row) == TraceTable.NONE) {
            peer.read(
                    index.span(span),
                    (high, low, id) -> {
                        if (high == traceId.high() && low == traceId.low()) {
                            trace.addLink(row, id);
                        }
                    });
            notePeer(row, peer.messaging(), Connection.MESSAGING);
        } else if (trace.isUncalled(row)) {
            peer.read(index.span(span), null);
            notePeer(row, peer.service(), Connection.VIRTUAL);
        }
    }

    private void notePeer(int row, Slice name, Connection connection) {
        trace.peer[row] = name.length() == 0 ? TraceTable.NONE : catalog.peer(name);
        trace.peerConnection[row] = connection;
    }

    /// All parts were shown.
    ///
    /// @param stored whether it can be looked at later
    public void end(boolean stored) {
        kept = stored && histograms;
        countInto(minutes.computeIfAbsent(tenant, _ -> new ArrayList<>(2)));
        if (parts > 1) {
            trace.connectAgain();
        }
        for (int i = 0; i < trace.links(); i++) {
            followLink(trace.linkFrom(i), trace.linkTo(i));
        }
        for (int row = 0; row < trace.size(); row++) {
            count(minute(trace.start[row]).operation(trace.operation[row]), row, trace.units[row]);
            int caller = trace.caller(row);
            if (caller != TraceTable.NONE) {
                call(caller, row);
            } else if (trace.isUncalled(row)) {
                callFromOutside(row);
            }
            if (trace.isUnanswered(row)) {
                callToOutside(row);
            }
        }
        counted.addAll(beyond);
        beyond.clear();
        trace.clear();
    }

    private void count(Figures figures, int row, long units) {
        count(figures, row, units, trace.failed[row], trace.duration[row]);
    }

    private void count(Figures figures, int row, long units, boolean failed, long nanos) {
        int bucket = figures.add(units, failed, nanos);
        if (!kept) {
            return;
        }
        var histogram = figures.histogram();
        if (histogram != null && !histogram.hasExemplar(bucket)) {
            histogram.show(
                    bucket,
                    new Exemplar(
                            traceId,
                            new SpanId(trace.id[row]),
                            nanos,
                            trace.start[row] + trace.duration[row]));
        }
    }

    /// Those that a span without a caller of its own says it got its messages from.
    private void followLink(int to, int from) {
        if (from != TraceTable.NONE && trace.caller(to) == TraceTable.NONE) {
            trace.markAnswered(from);
            trace.markCalled(to);
            message(from, to);
        }
    }

    private void call(int from, int to) {
        if (trace.kind[from] == TraceTable.PRODUCER || trace.kind[to] == TraceTable.CONSUMER) {
            message(from, to);
            return;
        }
        boolean twoHalves = trace.asks(from);
        int measured = twoHalves ? from : to;
        var link =
                minute(trace.start[measured])
                        .link(
                                catalog.link(
                                        trace.service[from], trace.service[to], Connection.PLAIN));
        count(
                link,
                to,
                Math.max(trace.units[from], trace.units[to]),
                trace.failed[to] || (twoHalves && trace.failed[from]),
                trace.duration[measured]);
    }

    /// Takes from the start of the one to the start of the other.
    private void message(int from, int to) {
        var link =
                minute(trace.start[from])
                        .link(
                                catalog.link(
                                        trace.service[from],
                                        trace.service[to],
                                        Connection.MESSAGING));
        count(
                link,
                to,
                Math.max(trace.units[from], trace.units[to]),
                trace.failed[to] || (trace.asks(from) && trace.failed[from]),
                Math.max(0, trace.start[to] - trace.start[from]));
    }

    private void callFromOutside(int row) {
        int from = trace.peer[row];
        if (from == TraceTable.NONE) {
            if (trace.kind[row] != TraceTable.SERVER || trace.parent[row] != 0) {
                return;
            }
            from = catalog.user();
        }
        var connection =
                trace.kind[row] == TraceTable.CONSUMER ? Connection.MESSAGING : Connection.VIRTUAL;
        int link = catalog.link(from, trace.service[row], connection);
        count(minute(trace.start[row]).link(link), row, trace.units[row]);
    }

    private void callToOutside(int row) {
        int to = trace.peer[row];
        var connection = trace.peerConnection[row];
        // In a trace that was too large, the other half may be among what was not held.
        if (to == TraceTable.NONE || (incomplete && connection != Connection.DATABASE)) {
            return;
        }
        int link = catalog.link(trace.service[row], to, connection);
        count(minute(trace.start[row]).link(link), row, trace.units[row]);
    }

    private MinuteFigures minute(long startNanos) {
        long wanted = startNanos / NANOS_PER_MINUTE;
        if (minute.minute != wanted) {
            minute = find(wanted);
        }
        return minute;
    }

    private MinuteFigures find(long wanted) {
        for (var known : counted) {
            if (known.minute == wanted) {
                return known;
            }
        }
        if (counted.size() >= MAX_MINUTES && wanted != 0) {
            return find(0);
        }
        var added = new MinuteFigures(wanted, histograms);
        counted.add(added);
        return added;
    }

    /// Gives out the figures since the last time, one delta for each tenant, and begins anew.
    public List<DependencyDelta> take(Origin origin) {
        var deltas = new ArrayList<DependencyDelta>(minutes.size());
        minutes.forEach((owner, those) -> {
            var entries = new ArrayList<DependencyDelta.Entry>();
            those.forEach(each -> each.into(entries, analysis.catalog(owner)));
            if (!entries.isEmpty()) {
                deltas.add(new DependencyDelta(owner, origin, entries));
            }
        });
        minutes.clear();
        return deltas;
    }
}
