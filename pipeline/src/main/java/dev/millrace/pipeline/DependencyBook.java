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
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The figures of the minutes that are being added to: a page for each, begun with what the store
/// keeps of it.
///
/// Each page knows up to which offset it has everything, so a record that is read again is added to
/// those pages only that lack it.
///
/// No Kafka, no store, no clock, no threads. Public for the store `kafka`, which adds up by itself
/// what the ingester adds up for other stores.
public final class DependencyBook {

    /// What a page is about.
    public record Key(Tenant tenant, long minute, int partition) {

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
    public static Set<Key> keys(int partition, DependencyDelta delta) {
        var keys = new HashSet<Key>();
        for (var entry : delta.entries()) {
            keys.add(new Key(delta.tenant(), entry.minute(), partition));
        }
        return keys;
    }

    public boolean holds(Key key) {
        return pages.containsKey(key);
    }

    /// Begins a page.
    ///
    /// @param kept what the store has of it; null for nothing
    public void open(Key key, @Nullable DependencyMinute kept, long now) {
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
    public void add(int partition, long offset, DependencyDelta delta, long now) {
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
    public List<DependencyMinute> unwritten() {
        var minutes = new ArrayList<DependencyMinute>();
        pages.forEach((key, page) -> {
            if (page.writtenUpTo < page.upTo) {
                minutes.add(minute(key, page));
            }
        });
        return minutes;
    }

    /// The minutes of a range that are here, as they are now.
    ///
    /// @param to the one after the last
    public List<DependencyMinute> held(Tenant tenant, long from, long to) {
        var minutes = new ArrayList<DependencyMinute>();
        pages.forEach((key, page) -> {
            if (key.minute() >= from && key.minute() < to && key.tenant().equals(tenant)) {
                minutes.add(minute(key, page));
            }
        });
        return minutes;
    }

    private static DependencyMinute minute(Key key, Page page) {
        var entries = new ArrayList<Entry>(page.figures.size());
        page.figures.forEach(
                (of, figures) -> entries.add(new Entry(key.minute(), of, figures.copy())));
        return new DependencyMinute(
                key.tenant(), key.minute(), key.partition(), page.upTo, entries);
    }

    /// The store has them, or never will.
    public void written(Collection<DependencyMinute> minutes) {
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
    public List<Key> leaving(long since, int maxSeries, int most) {
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
    public void leave(Key key, @Nullable DependencyMinute kept) {
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

    /// Lets a written page go; for those who write to their store alone.
    public void leave(Key key) {
        var page = pages.remove(key);
        if (page != null) {
            series -= page.figures.size();
        }
    }

    /// Forgets what belongs to other owners now.
    void drop(Collection<Integer> partitions) {
        remove(key -> partitions.contains(key.partition()));
    }

    /// Forgets the minutes before this one; what is of none in particular stays.
    public void expire(long minute) {
        remove(key -> key.minute() < minute && key.minute() != 0);
    }

    private void remove(Predicate<Key> leaves) {
        pages.entrySet()
                .removeIf(page -> {
                    boolean gone = leaves.test(page.getKey());
                    if (gone) {
                        series -= page.getValue().figures.size();
                    }
                    return gone;
                });
    }

    /// How many minutes are held.
    public int size() {
        return pages.size();
    }

    /// How many series of all minutes are held.
    public int series() {
        return series;
    }
}
