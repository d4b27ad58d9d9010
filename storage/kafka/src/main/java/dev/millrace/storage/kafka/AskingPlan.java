package dev.millrace.storage.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;

/// Decides where one question is put for each partition, and where next when there is no answer.
///
/// Each place is asked once for all of the partitions that it is the best one for. When it fails,
/// or is silent for too long, those that have no answer yet are asked for at the next place of
/// each; whichever answers first wins. Where a partition may be is looked up each time, since that
/// changes. No place is asked twice for the same partition.
///
/// Pure: it asks nobody, and time is told to it in nanoseconds since some moment. Not safe for
/// threads.
final class AskingPlan {

    private final IntFunction<List<Place>> places;
    private final long hedgeNanos;
    private final Map<Integer, Search> searches = new TreeMap<>();
    private final List<Ask> asks = new ArrayList<>();

    /// One question at one place.
    static final class Ask {

        private final Place place;
        private final List<Integer> partitions;
        private final long lateAt;
        private boolean open = true;
        private boolean overtaken;

        private Ask(Place place, List<Integer> partitions, long lateAt) {
            this.place = place;
            this.partitions = List.copyOf(partitions);
            this.lateAt = lateAt;
        }

        Place place() {
            return place;
        }

        List<Integer> partitions() {
            return partitions;
        }

        @Override
        public String toString() {
            return place + " for " + partitions;
        }
    }

    /// A partition that nobody has answered for.
    ///
    /// @param failures what became of it at each place that was asked; none when there was no place
    record Missing(int partition, List<String> failures) {

        Missing {
            failures = List.copyOf(failures);
        }
    }

    /// The search for somebody who answers for one partition.
    private static final class Search {

        private final Set<Place> tried = new HashSet<>();
        private final List<String> failures = new ArrayList<>();
        private int asked;
        private boolean answered;
        private boolean over;

        private boolean settled() {
            return answered || over;
        }
    }

    /// @param places where a partition can be asked for now, the best first
    /// @param hedgeNanos after how long without an answer the next place is asked too
    AskingPlan(Collection<Integer> partitions, IntFunction<List<Place>> places, long hedgeNanos) {
        this.places = places;
        this.hedgeNanos = hedgeNanos;
        partitions.forEach(partition -> searches.put(partition, new Search()));
    }

    /// Whom to ask first.
    List<Ask> begin(long now) {
        return next(searches.keySet(), now);
    }

    /// Takes an answer.
    ///
    /// @param given the partitions that it is about
    /// @return those of them that nobody had answered for before
    Set<Integer> answered(Ask ask, Set<Integer> given) {
        var taken = new HashSet<Integer>();
        for (int partition : ask.partitions) {
            var search = search(partition);
            if (given.contains(partition) && !search.settled()) {
                search.answered = true;
                taken.add(partition);
            }
        }
        return taken;
    }

    /// Takes note that nothing more comes of an ask.
    ///
    /// @param why there is no answer for a partition, if there is none
    /// @return whom to ask instead
    List<Ask> ended(Ask ask, IntFunction<String> why, long now) {
        ask.open = false;
        var without = new ArrayList<Integer>();
        for (int partition : ask.partitions) {
            var search = search(partition);
            search.asked--;
            if (search.settled()) {
                continue;
            }
            search.failures.add(ask.place + " " + why.apply(partition));
            // Who was asked when this one was late goes on; what becomes of that is seen then.
            if (!ask.overtaken || search.asked == 0) {
                without.add(partition);
            }
        }
        return next(without, now);
    }

    /// Whom to ask besides those that have been silent for too long.
    List<Ask> overdue(long now) {
        var late = new TreeSet<Integer>();
        for (var ask : asks) {
            if (ask.open && !ask.overtaken && now >= ask.lateAt) {
                ask.overtaken = true;
                ask.partitions.stream()
                        .filter(partition -> !search(partition).settled())
                        .forEach(late::add);
            }
        }
        return next(late, now);
    }

    /// When [#overdue] is to be called next; [Long#MAX_VALUE] for never.
    long lookAgainAt() {
        return asks.stream()
                .filter(ask -> ask.open && !ask.overtaken)
                .mapToLong(ask -> ask.lateAt)
                .min()
                .orElse(Long.MAX_VALUE);
    }

    /// Whether there is nothing more to wait for.
    boolean settled() {
        return searches.values().stream().allMatch(Search::settled);
    }

    /// Gives up what is not answered yet.
    ///
    /// @param why what is said of places that were asked and are silent
    void giveUp(String why) {
        for (var ask : asks) {
            if (ask.open) {
                for (int partition : ask.partitions) {
                    if (!search(partition).settled()) {
                        search(partition).failures.add(ask.place + " " + why);
                    }
                }
            }
        }
        searches.values().stream()
                .filter(search -> !search.settled())
                .forEach(search -> search.over = true);
    }

    /// The partitions that nobody has answered for.
    List<Missing> missing() {
        var missing = new ArrayList<Missing>();
        searches.forEach((partition, search) -> {
            if (search.over) {
                missing.add(new Missing(partition, search.failures));
            }
        });
        return missing;
    }

    private List<Ask> next(Collection<Integer> partitions, long now) {
        var byPlace = new LinkedHashMap<Place, List<Integer>>();
        for (int partition : partitions) {
            var search = search(partition);
            var place =
                    places.apply(partition).stream()
                            .filter(each -> !search.tried.contains(each))
                            .findFirst();
            if (place.isPresent()) {
                search.tried.add(place.get());
                search.asked++;
                byPlace.computeIfAbsent(place.get(), _ -> new ArrayList<>()).add(partition);
            } else if (search.asked == 0) {
                search.over = true;
            }
        }
        var next = new ArrayList<Ask>();
        byPlace.forEach((place, those) -> next.add(new Ask(place, those, now + hedgeNanos)));
        asks.addAll(next);
        return next;
    }

    private Search search(int partition) {
        var search = searches.get(partition);
        if (search == null) {
            throw new IllegalArgumentException(
                    "partition " + partition + " (expected: one of " + searches.keySet() + ")");
        }
        return search;
    }
}
