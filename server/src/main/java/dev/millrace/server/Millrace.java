package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One running process: its parts, its health and metrics, its start and its stop.
///
/// Health and metrics are served before the first part is opened and until the last is closed. The
/// stop is bounded: at the deadline it returns, whatever is still open, and says what that is.
final class Millrace implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Millrace.class);

    /// For health and metrics alone, which have nothing to finish.
    private static final Duration FRAME_PATIENCE = Duration.ofSeconds(2);

    private final MillraceConfig config;
    private final Wiring wiring;
    private final Clock clock;
    private final CloseStack frame = new CloseStack();
    private final CloseStack stack = new CloseStack();
    private final Health health = new Health(this::phase);
    private final Metrics metrics = new Metrics();
    private final Parts parts = new Parts(stack, health, metrics.registry());
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Object phaseLock = new Object();
    private Phase phase = new Phase.Starting();

    Millrace(MillraceConfig config, Wiring wiring, Clock clock) {
        this.config = config;
        this.wiring = wiring;
        this.clock = clock;
    }

    /// Opens everything; when that fails closes what was opened.
    ///
    /// @throws StartException naming the part and what is wrong with it
    void start() throws StartException {
        boolean started = false;
        try {
            open();
            started = true;
        } catch (StartException e) {
            throw e;
        } catch (Exception e) {
            log.atError().setCause(e).log("Cannot start");
            throw new StartException("cannot start: " + e, e);
        } finally {
            if (!started) {
                close();
            }
        }
    }

    private void open() throws Exception {
        frame.push("metrics registry", metrics).start();
        var metricsServer = new OperatorServer("metrics", config.metrics(), metrics.pages());
        frame.push("metrics", metricsServer).start();
        var healthService = new HealthService(health, parts::addresses);
        var healthServer = new OperatorServer("health", config.health(), healthService.pages());
        frame.push("health", healthServer).start();

        wiring.open(parts);

        parts.listening("health", healthServer.address() + "/status");
        parts.listening("metrics", metricsServer.address() + "/metrics");
        ready();
    }

    private void ready() throws StartException {
        synchronized (phaseLock) {
            if (!(phase instanceof Phase.Starting starting)) {
                throw new StartException("stopped while starting", new InterruptedException());
            }
            phase = starting.ready();
        }
        log.atInfo().addKeyValue("addresses", addresses()).log("Ready");
    }

    Phase phase() {
        synchronized (phaseLock) {
            return phase;
        }
    }

    /// Where what can be reached, by name.
    Map<String, String> addresses() {
        return parts.addresses();
    }

    /// Waits until [#close()] has been called and has done its work.
    void awaitStop() throws InterruptedException {
        stopped.await();
    }

    /// Stops taking work, finishes what was taken, closes every part; within the stop deadline. A
    /// second call waits for the first.
    @Override
    public void close() {
        Duration patience = config.stopDeadline();
        Phase.Draining draining;
        synchronized (phaseLock) {
            Instant deadline = clock.instant().plus(patience);
            switch (phase) {
                case Phase.Starting starting -> draining = starting.drain(deadline);
                case Phase.Serving serving -> draining = serving.drain(deadline);
                case Phase.Draining _, Phase.Stopped _ -> {
                    waitForFirstClose(patience);
                    return;
                }
            }
            phase = draining;
        }
        log.atInfo().log("Stopping");
        closeWithin(stack, patience);
        synchronized (phaseLock) {
            phase = draining.stopped();
        }
        closeWithin(frame, FRAME_PATIENCE);
        stopped.countDown();
    }

    private void waitForFirstClose(Duration patience) {
        try {
            var _ = stopped.await(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void closeWithin(CloseStack stack, Duration patience) {
        var closer = Thread.ofPlatform().name("close").daemon().start(() -> closeAll(stack));
        try {
            if (!closer.join(patience)) {
                log.atWarn().addKeyValue("open", stack.open()).log("Stopped before all was closed");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void closeAll(CloseStack stack) {
        try {
            stack.close();
        } catch (RuntimeException e) {
            log.atWarn().setCause(e).log("Some parts did not close properly");
        }
    }
}
