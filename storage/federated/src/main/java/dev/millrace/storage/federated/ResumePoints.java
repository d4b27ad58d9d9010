package dev.millrace.storage.federated;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.TraceSearch;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Where searches stood at the end of their pages, so that the next page need not begin at the
/// newest trace again. A convenience: what is forgotten is found again, only slower.
///
/// Safe for threads.
final class ResumePoints {

    private static final int MOST_HELD = 1_000;

    private record Key(Tenant tenant, TraceSearch search) {}

    private final Map<Key, Point> points;

    /// How far one member has been read.
    ///
    /// @param taken the last trace of its that was looked at; null before the first
    /// @param more whether there are others after it
    record Progress(@Nullable Cursor taken, boolean more) {}

    /// Where a search stands.
    ///
    /// @param progress of every member, in their order
    /// @param held traces that were found and begin too early for the page
    record Point(List<Progress> progress, List<Cursor> held) {

        Point {
            progress = List.copyOf(progress);
            held = List.copyOf(held);
        }
    }

    /// @param most how many to keep, those that were used last
    ResumePoints(int most) {
        this.points =
                new LinkedHashMap<>(16, 0.75f, true) {
                    private static final long serialVersionUID = 1;

                    @Override
                    protected boolean removeEldestEntry(Map.Entry<Key, Point> eldest) {
                        return size() > most;
                    }
                };
    }

    /// @param search with the cursor of the page that is asked for
    synchronized Optional<Point> find(Tenant tenant, TraceSearch search) {
        return Optional.ofNullable(points.get(new Key(tenant, of(search, search.after()))));
    }

    /// @param next where the page begins that would go on here
    synchronized void keep(Tenant tenant, TraceSearch search, Cursor next, Point point) {
        if (point.held().size() <= MOST_HELD) {
            points.put(new Key(tenant, of(search, next)), point);
        }
    }

    // Whatever the limit: pages of one search may have different ones.
    private static TraceSearch of(TraceSearch search, @Nullable Cursor after) {
        return search.page(1, after);
    }
}
