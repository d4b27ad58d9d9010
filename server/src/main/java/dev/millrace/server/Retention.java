package dev.millrace.server;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has a store give up, every minute, what is past its retention.
final class Retention implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Retention.class);

    private final TraceStore store;
    private final Duration retention;
    private final InstantSource clock;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    task -> Thread.ofPlatform().daemon().name("retention").unstarted(task));

    Retention(TraceStore store, Duration retention, InstantSource clock) {
        this.store = store;
        this.retention = retention;
        this.clock = clock;
    }

    void start() {
        var _ = timer.scheduleWithFixedDelay(this::expire, 1, 1, TimeUnit.MINUTES);
    }

    private void expire() {
        try {
            int windows = store.expire(clock.instant().minus(retention));
            if (windows > 0) {
                log.atInfo().addKeyValue("windows", windows).log("Dropped what was past retention");
            }
        } catch (StoreException e) {
            log.atWarn().addKeyValue("error", e.toString()).log("Retention failed, trying again");
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
