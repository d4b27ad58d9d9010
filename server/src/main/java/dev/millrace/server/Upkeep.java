package dev.millrace.server;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.elasticsearch.IndexMaintenance;
import dev.millrace.storage.elasticsearch.RolloverLimits;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A chore that keeps a store in order, done again and again in a thread of its own.
///
/// Every process that writes to the store may do it, without asking the others: what has been done
/// is not done twice. One that fails is tried again when its turn comes.
///
/// Metrics: `millrace.store.upkeep` by `chore` and `outcome`, `millrace.store.indices.begun`.
final class Upkeep implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Upkeep.class);
    private static final Duration RETENTION_EVERY = Duration.ofMinutes(1);

    private final Runnable work;
    private final String name;
    private final Duration interval;
    private final Counter done;
    private final Counter failed;
    private final ScheduledExecutorService timer;

    private Upkeep(String name, Duration interval, Runnable work, MeterRegistry meters) {
        this.work = work;
        this.name = name;
        this.interval = interval;
        done = meters.counter("millrace.store.upkeep", "chore", name, "outcome", "done");
        failed = meters.counter("millrace.store.upkeep", "chore", name, "outcome", "failed");
        timer =
                Executors.newSingleThreadScheduledExecutor(
                        task -> Thread.ofPlatform().daemon().name(name).unstarted(task));
    }

    /// Has a store give up, every minute, what is past its retention, and what is more than it may
    /// be.
    static Upkeep retention(
            TraceStore store, Duration retention, InstantSource clock, MeterRegistry meters) {
        return new Upkeep(
                "retention",
                RETENTION_EVERY,
                () -> {
                    var expired = store.expire(clock.instant().minus(retention));
                    dropped(expired.tooOld(), "past its retention");
                    dropped(expired.tooMuch(), "the store was larger than it may be");
                },
                meters);
    }

    private static void dropped(int windows, String reason) {
        if (windows > 0) {
            log.atInfo()
                    .addKeyValue("windows", windows)
                    .addKeyValue("reason", reason)
                    .log("Dropped the oldest of the store");
        }
    }

    /// Begins new indices behind the aliases of all tenants where the present ones have reached
    /// their limits.
    ///
    /// @param indices stay the caller's to close, after this
    static Upkeep rollover(
            IndexMaintenance indices,
            RolloverLimits limits,
            Duration interval,
            MeterRegistry meters) {
        var begun = meters.counter("millrace.store.indices.begun");
        return new Upkeep(
                "rollover",
                interval,
                () -> {
                    var rolledOver = indices.rollOver(limits);
                    begun.increment(rolledOver.begun().size());
                    if (!rolledOver.begun().isEmpty()) {
                        log.atInfo()
                                .addKeyValue("indices", rolledOver.begun())
                                .log("Began new indices");
                    }
                    failIfAny(rolledOver.failures());
                },
                meters);
    }

    private static void failIfAny(List<String> failures) {
        if (!failures.isEmpty()) {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, String.join("; ", failures));
        }
    }

    void start() {
        long nanos = interval.toNanos();
        var _ = timer.scheduleWithFixedDelay(this::run, nanos, nanos, TimeUnit.NANOSECONDS);
    }

    /// Does it once. Whatever it throws, its turn comes again.
    void run() {
        try {
            work.run();
            done.increment();
        } catch (RuntimeException e) {
            failed.increment();
            log.atWarn()
                    .addKeyValue("chore", name)
                    .addKeyValue("error", e.toString())
                    .log("Upkeep of the store failed; it is tried again in its turn");
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
