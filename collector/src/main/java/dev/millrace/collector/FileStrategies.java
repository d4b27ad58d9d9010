package dev.millrace.collector;

import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.sampling.StrategyFile;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Strategies out of Jaeger's strategy file, which is read again when it changes. A file that
/// cannot be used leaves the strategies as they were.
public final class FileStrategies implements Strategies, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(FileStrategies.class);

    private final Path file;
    private final double defaultProbability;
    private final Duration refresh;
    private final ScheduledExecutorService scheduler;
    private final Counter loaded;
    private final Counter failed;
    private String text = "";
    private volatile StrategyFile strategies;
    private @Nullable Future<?> watch;

    /// @param defaultProbability where the file says nothing
    /// @param refresh how often the file is looked at for changes
    /// @param scheduler looks at the file; it stays the caller's
    public FileStrategies(
            Path file,
            double defaultProbability,
            Duration refresh,
            ScheduledExecutorService scheduler,
            MeterRegistry meters) {
        this.file = file;
        this.defaultProbability = defaultProbability;
        this.refresh = refresh;
        this.scheduler = scheduler;
        this.loaded = reloads(meters, "loaded");
        this.failed = reloads(meters, "failed");
        this.strategies = StrategyFile.of(new SamplingStrategy.Probabilistic(defaultProbability));
    }

    private static Counter reloads(MeterRegistry meters, String outcome) {
        return Counter.builder("millrace.sampling.strategies.reloads")
                .description("Times a changed strategy file was read")
                .tag("outcome", outcome)
                .register(meters);
    }

    /// Reads the file and begins to watch it.
    ///
    /// @throws IllegalArgumentException when it cannot be used, naming the place in it
    public void start() {
        try {
            read();
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": " + e + " (expected: a file)", e);
        }
        watch =
                scheduler.scheduleWithFixedDelay(
                        this::readAgain,
                        refresh.toMillis(),
                        refresh.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public CompletableFuture<SamplingStrategy> strategy(String service) {
        return CompletableFuture.completedFuture(strategies.strategy(service));
    }

    @Override
    public void close() {
        var watching = watch;
        if (watching != null) {
            watching.cancel(false);
        }
    }

    private boolean read() throws IOException {
        // By content: modification times are too coarse for a file written twice in a moment.
        String found = Files.readString(file);
        if (found.equals(text)) {
            return false;
        }
        text = found;
        strategies = StrategyFile.parse(found, defaultProbability);
        return true;
    }

    private void readAgain() {
        try {
            if (read()) {
                loaded.increment();
            }
        } catch (IOException | IllegalArgumentException e) {
            failed.increment();
            log.atWarn()
                    .addKeyValue("file", file)
                    .addKeyValue("error", e.getMessage())
                    .log("Strategy file is not used; the strategies stay as they were");
        }
    }
}
