package dev.millrace.storage.kafka;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.DependencyBook;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.local.DependencyIndex;
import io.micrometer.core.instrument.Clock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Adds the figures of one partition up, minute by minute, and keeps the sums in a directory.
///
/// Every minute says up to which offset it has everything, so a record that is read again is added
/// to those minutes only that lack it. How far in the log all minutes go is written in the same
/// commit as they are. So whatever is read again, and from wherever, counts once, and what had not
/// been written when the process died is read again.
///
/// One thread at a time adds and writes; any number of others may look.
final class DependencyTally implements AutoCloseable {

    /// A minute that nothing is added to for so long leaves memory.
    private static final Duration IDLE = Duration.ofMinutes(3);

    private final int partition;
    private final DependencyIndex index;
    private final DependencyStateConfig config;
    private final DependencyStateMeters meters;
    private final Clock clock;

    // Held by whoever changes the book, and by those who look into it from other threads.
    private final ReentrantLock lock = new ReentrantLock();
    private final DependencyBook book = new DependencyBook();

    /// Minutes before it are not wanted any more.
    private final AtomicLong horizon = new AtomicLong(Long.MIN_VALUE);

    private volatile long next = -1;

    // Of the thread that adds.
    private OptionalLong reached = OptionalLong.empty();
    private OptionalLong written = OptionalLong.empty();
    private long foundDamaged;
    private long writeAt;
    private long expired;
    private int maxSeries;
    private int seriesTold;

    /// Stays set when an addition was not finished, of which nobody knows what is in the book.
    private boolean adding;

    DependencyTally(
            Path directory,
            int partition,
            DependencyStateConfig config,
            DependencyStateMeters meters) {
        this.partition = partition;
        this.index = new DependencyIndex(directory);
        this.config = config;
        this.meters = meters;
        this.clock = meters.clock();
        this.maxSeries = config.maxSeries();
    }

    /// Opens what is there.
    void start() {
        try {
            index.start();
            written = index.position();
        } catch (IOException e) {
            throw failure("cannot open the figures", e);
        }
        reached = written;
        next = written.orElse(-1);
        foundDamaged = index.setAside();
        writeAt = clock.monotonicTime() + config.writeInterval().toNanos();
    }

    /// Adds a record to the minutes that lack it.
    void add(long offset, DependencyDelta delta) {
        var kept = withinRetention(delta);
        if (kept.entries().isEmpty() && !delta.entries().isEmpty()) {
            meters.store().expired();
        }
        var minutes = DependencyBook.keys(partition, kept);
        for (var minute : minutes) {
            if (!book.holds(minute)) {
                var found = find(minute);
                change(() -> book.open(minute, found, now()));
            }
        }
        adding = true;
        change(() -> book.add(partition, offset, kept, now()));
        adding = false;
        next = Math.max(next, offset + 1);
        meters.added();
        if (book.series() > maxSeries) {
            makeRoom(minutes);
        }
        tellSeries();
    }

    // Of what nobody keeps any more, no minute is begun.
    private DependencyDelta withinRetention(DependencyDelta delta) {
        long from = horizon();
        var entries =
                delta.entries().stream()
                        .filter(entry -> entry.minute() == 0 || entry.minute() >= from)
                        .toList();
        return entries.size() == delta.entries().size()
                ? delta
                : new DependencyDelta(delta.tenant(), delta.origin(), entries);
    }

    private long horizon() {
        long millis = clock.wallTime() - config.retention().toMillis();
        return horizon.accumulateAndGet(Math.floorDiv(millis, 60_000), Math::max);
    }

    private @Nullable DependencyMinute find(DependencyBook.Key key) {
        for (var minute : kept(key.tenant(), key.minute(), key.minute() + 1)) {
            if (minute.partition() == partition) {
                return minute;
            }
        }
        if (isDamaged()) {
            // A minute begun anew would pass for one that has everything.
            throw new StoreException(Kind.CORRUPT, "figures were damaged and set aside");
        }
        return null;
    }

    /// Whether something was damaged since the start, so that all of the log is to be read again.
    boolean isDamaged() {
        return index.setAside() > foundDamaged;
    }

    // Minutes that a record has just been added to stay, however large they are: else each record
    // would bring them in again. So there may be more than wanted, and twice as many until there
    // are too many again.
    private void makeRoom(Set<DependencyBook.Key> staying) {
        write();
        leave(Long.MIN_VALUE, config.maxSeries() / 2, staying);
        maxSeries = Math.max(config.maxSeries(), 2 * book.series());
    }

    private void leave(long since, int most, Set<DependencyBook.Key> staying) {
        for (var key : book.leaving(since, most, Integer.MAX_VALUE)) {
            if (!staying.contains(key)) {
                change(() -> book.leave(key));
            }
        }
    }

    /// Everything up to this offset has been added, or is nothing to add. Written when it is time.
    void reached(long offset) {
        reached = OptionalLong.of(offset + 1);
        next = Math.max(next, offset + 1);
        if (clock.monotonicTime() - writeAt >= 0) {
            write();
            expire();
            leave(now() - IDLE.toMillis(), config.maxSeries(), Set.of());
            tellSeries();
        }
    }

    /// The log is to be read again from its beginning; at once, and after a crash as well.
    void forget() {
        reached = OptionalLong.empty();
        write();
    }

    /// The offset up to which everything is on disk.
    OptionalLong writtenOffset() {
        return written.isPresent() ? OptionalLong.of(written.getAsLong() - 1) : written;
    }

    private void write() {
        var changed = look(book::unwritten);
        long start = clock.monotonicTime();
        writeAt = start + config.writeInterval().toNanos();
        if (changed.isEmpty() && reached.equals(written)) {
            return;
        }
        try {
            index.write(changed, reached);
            written = index.position();
        } catch (IOException e) {
            throw failure("cannot write figures", e);
        }
        change(() -> book.written(changed));
        meters.wrote(clock.monotonicTime() - start);
    }

    private void expire() {
        long before = horizon();
        if (before > expired) {
            change(() -> book.expire(before));
            drop(before);
            expired = before;
        }
    }

    /// Gives up the minutes before this time, from whatever thread. Those in memory are not seen
    /// any more, and go when it is next time to write.
    void expire(Instant before) {
        drop(horizon.accumulateAndGet(Math.floorDiv(before.getEpochSecond(), 60), Math::max));
    }

    private void drop(long before) {
        try {
            index.expire(before);
        } catch (IOException e) {
            throw failure("cannot drop old figures", e);
        }
    }

    /// The offset after the last record that was added; -1 when nothing of the log is here.
    long next() {
        return next;
    }

    /// The minutes of a range, as they are now.
    ///
    /// @param to the one after the last
    List<DependencyMinute> minutes(Tenant tenant, long from, long to) {
        // First those in memory: whatever leaves it afterwards is found on disk.
        var newest = new HashMap<Long, DependencyMinute>();
        for (var minute : look(() -> book.held(tenant, from, to))) {
            newest.put(minute.minute(), minute);
        }
        for (var minute : kept(tenant, from, to)) {
            newest.merge(minute.minute(), minute, (a, b) -> a.upTo() >= b.upTo() ? a : b);
        }
        long wanted = horizon.get();
        newest.keySet().removeIf(minute -> minute != 0 && minute < wanted);
        return List.copyOf(newest.values());
    }

    private List<DependencyMinute> kept(Tenant tenant, long from, long to) {
        try {
            return index.find(tenant, from, to);
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw failure("cannot read figures", e);
        } catch (RuntimeException e) {
            throw new StoreException(Kind.BUG, "figures of partition " + partition + ": " + e, e);
        }
    }

    private void tellSeries() {
        int series = book.series();
        meters.held(series - seriesTold);
        seriesTold = series;
    }

    /// Writes what has not been written, and closes the files. To be called once.
    @Override
    public void close() {
        meters.held(-seriesTold);
        seriesTold = 0;
        try (index) {
            if (!adding) {
                write();
            }
        } catch (IOException e) {
            throw failure("cannot close the figures", e);
        }
    }

    private void change(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    private <T> T look(Supplier<T> look) {
        lock.lock();
        try {
            return look.get();
        } finally {
            lock.unlock();
        }
    }

    private long now() {
        return clock.wallTime();
    }

    private StoreException failure(String what, Exception cause) {
        return new StoreException(
                Kind.UNAVAILABLE, what + " of partition " + partition + ": " + cause, cause);
    }
}
