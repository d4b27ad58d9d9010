package dev.millrace.pipeline;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Series;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The figures of the minutes that are being added to: a page for each, begun with what the store
/// keeps of it.
///
/// Each page knows up to which offset it has everything, so a record that is read again is added to
/// those pages only that lack it.
///
/// No Kafka, no store, no clock, no threads.
final class DependencyBook {

    /// What a page is about.
    record Key(Tenant tenant, long minute, int partition) {

        static Key of(DependencyMinute minute) {
            return new Key(minute.tenant(), minute.minute(), minute.partition());
        }
    }

    private static final class Page {
        final Map<Series, Figures> figures = new HashMap<>();

        /// Before it everything is in the figures.
        long upTo;

        /// What the store was last told to keep; -1 for nothing.
        long writtenUpTo = -1;

        long touched;

        /// Whether what the store keeps has been looked at since it was written.
        boolean confirmed;
    }

    /// The least recently touched first.
    private final LinkedHashMap<Key, Page> pages = new LinkedHashMap<>();

    private int series;

    /// The pages that a record is about.
    static Set<Key> keys(int partition, DependencyDelta delta) {
        var keys = new HashSet<Key>();
        for (var entry : delta.entries()) {
            keys.add(new Key(delta.tenant(), entry.minute(), partition));
        }
        return keys;
    }

    boolean holds(Key key) {
        return pages.containsKey(key);
    }

    /// Begins a page.
    ///
    /// @param kept what the store has of it; null for nothing
    void open(Key key, @Nullable DependencyMinute kept, long now) {
        var page = new Page();
        page.touched = now;
        if (kept != null) {
            kept.entries().forEach(entry -> add(page, entry));
            page.upTo = kept.upTo();
            page.writtenUpTo = kept.upTo();
        }
        pages.put(key, page);
    }

    /// Adds a record to those of its pages that do not have it. All of them are open.
    void add(int partition, long offset, DependencyDelta delta, long now) {
        var lacking = new HashMap<Key, Page>();
        for (var key : keys(partition, delta)) {
            var page = pages.get(key);
            if (page == null) {
                throw new IllegalStateException(key + ": not open (expected: opened before)");
            }
            page.touched = now;
            pages.putLast(key, page);
            if (offset >= page.upTo) {
                lacking.put(key, page);
            }
        }
        for (var entry : delta.entries()) {
            var page = lacking.get(new Key(delta.tenant(), entry.minute(), partition));
            if (page != null) {
                add(page, entry);
            }
        }
        lacking.values()
                .forEach(page -> {
                    page.upTo = offset + 1;
                    page.confirmed = false;
                });
    }

    private void add(Page page, Entry entry) {
        var held = page.figures.get(entry.series());
        if (held == null) {
            page.figures.put(entry.series(), entry.figures().copy());
            series++;
        } else {
            held.add(entry.figures());
        }
    }

    /// The minutes that the store does not have as they are.
    List<DependencyMinute> unwritten() {
        var minutes = new ArrayList<DependencyMinute>();
        pages.forEach((key, page) -> {
            if (page.writtenUpTo < page.upTo) {
                var entries = new ArrayList<Entry>(page.figures.size());
                page.figures.forEach(
                        (of, figures) -> entries.add(new Entry(key.minute(), of, figures.copy())));
                minutes.add(
                        new DependencyMinute(
                                key.tenant(), key.minute(), key.partition(), page.upTo, entries));
            }
        });
        return minutes;
    }

    /// The store has them, or never will.
    void written(Collection<DependencyMinute> minutes) {
        for (var minute : minutes) {
            var page = pages.get(Key.of(minute));
            if (page != null) {
                page.writtenUpTo = Math.max(page.writtenUpTo, minute.upTo());
            }
        }
    }

    /// Written pages that may leave: those not touched since then, and the least recently touched
    /// of the others while there are more series than that.
    ///
    /// @param most at most so many pages
    List<Key> leaving(long since, int maxSeries, int most) {
        var leaving = new ArrayList<Key>();
        long left = series;
        for (var page : pages.entrySet()) {
            if (leaving.size() == most || (page.getValue().touched >= since && left <= maxSeries)) {
                break;
            }
            if (page.getValue().writtenUpTo >= page.getValue().upTo) {
                leaving.add(page.getKey());
                left -= page.getValue().figures.size();
            }
        }
        return leaving;
    }

    /// Lets a page go when the store keeps as much of it; else it is to be written again, once. An
    /// owner that was out of touch with the group may have written less over it.
    void leave(Key key, @Nullable DependencyMinute kept) {
        var page = pages.get(key);
        if (page == null) {
            return;
        }
        if ((kept == null || kept.upTo() < page.upTo) && !page.confirmed) {
            page.confirmed = true;
            page.writtenUpTo = -1;
            return;
        }
        pages.remove(key);
        series -= page.figures.size();
    }

    /// Forgets what belongs to other owners now.
    void drop(Collection<Integer> partitions) {
        pages.entrySet()
                .removeIf(page -> {
                    boolean gone = partitions.contains(page.getKey().partition());
                    if (gone) {
                        series -= page.getValue().figures.size();
                    }
                    return gone;
                });
    }

    /// How many minutes are held.
    int size() {
        return pages.size();
    }

    /// How many series of all minutes are held.
    int series() {
        return series;
    }
}
