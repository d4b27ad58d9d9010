package dev.millrace.storage.kafka;

import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.kafka.FoundTraces.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/// The newest traces of several stores, of which no two have the same trace.
///
/// The stores are searched one after the other, and each only as far back as what was found before
/// leaves room for: a page out of a hundred partitions reads little more than a page out of one.
///
/// A trace's place is where its store has put it, as far as that can be told: by the earliest start
/// of its spans, but never before a trace that the store gave before it. A store may go by the
/// start of a copy that lost against another, which nobody sees any more; the place of the last
/// trace of a page, where another page follows, is said.
///
/// Not safe for threads.
final class NewestTraces {

    private final TraceSearch search;
    private final TreeMap<Cursor, Found> held = new TreeMap<>(Cursor.NEWEST_FIRST);
    private boolean more;

    NewestTraces(TraceSearch search) {
        this.search = search;
    }

    /// What the next store is to be asked: nothing that would be left out in any case.
    TraceSearch next() {
        // A trace begins no later than any of its spans, so one that belongs here has no span that
        // begins before the last one held does.
        return more && held.size() == search.limit()
                ? since(Math.max(search.startNanos(), held.lastKey().startNanos()))
                : search;
    }

    private TraceSearch since(long startNanos) {
        return TraceSearch.builder()
                .service(search.service())
                .operation(search.operation())
                .kind(search.kind())
                .status(search.status())
                .attributes(search.attributes())
                .duration(search.minDurationNanos(), search.maxDurationNanos())
                .start(startNanos, search.endNanos())
                .limit(search.limit())
                .after(search.after())
                .build();
    }

    /// Adds what a store has found.
    void add(SearchPage page) {
        for (var found : places(page)) {
            held.put(found.at(), found);
            if (held.size() > search.limit()) {
                held.pollLastEntry();
                more = true;
            }
        }
        more |= page.next().isPresent();
    }

    private static List<Found> places(SearchPage page) {
        var found = new ArrayList<Found>(page.traces().size());
        long latest = Long.MAX_VALUE;
        for (var trace : page.traces()) {
            latest = Math.min(latest, trace.startNanos());
            found.add(
                    new Found(
                            new Cursor(latest, trace.traceId()),
                            trace,
                            page.cut().contains(trace.traceId())));
        }
        var next = page.next();
        if (next.isPresent() && !found.isEmpty()) {
            var last = found.removeLast();
            found.add(new Found(next.get(), last.trace(), last.cut()));
        }
        return found;
    }

    /// What there is.
    FoundTraces traces() {
        return new FoundTraces(
                List.copyOf(held.values()),
                more && !held.isEmpty() ? Optional.of(held.lastKey()) : Optional.empty());
    }
}
