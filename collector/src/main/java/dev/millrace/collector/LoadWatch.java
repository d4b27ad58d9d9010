package dev.millrace.collector;

import dev.millrace.sampling.HeadSampler;
import dev.millrace.sampling.Load;
import dev.millrace.sampling.LoadFactor;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Lowers what the head keeps while the machine is busy.
public final class LoadWatch implements AutoCloseable {

    private final HeadSampler sampler;
    private final LoadFactor factor;
    private final ScheduledExecutorService scheduler;
    private final LongSupplier nanos;
    private final Supplier<Load> machine;
    private volatile double current = 1;
    private @Nullable Future<?> steps;

    /// @param machine how busy it is, such as [MachineLoad]
    /// @param scheduler looks once a second; it stays the caller's
    public LoadWatch(
            HeadSampler sampler,
            LoadFactor.Settings settings,
            Supplier<Load> machine,
            ScheduledExecutorService scheduler,
            LongSupplier nanos,
            MeterRegistry meters) {
        this.sampler = sampler;
        this.factor = new LoadFactor(settings);
        this.machine = machine;
        this.scheduler = scheduler;
        this.nanos = nanos;
        Gauge.builder("millrace.sampling.head.load.factor", () -> current)
                .description("What probabilities are multiplied with because of load")
                .register(meters);
        Gauge.builder("millrace.sampling.head.remembered", sampler, HeadSampler::rememberedTraces)
                .description("Traces with errors of which later spans are kept")
                .register(meters);
        FunctionCounter.builder(
                        "millrace.sampling.head.forgotten", sampler, HeadSampler::evictedTraces)
                .description("Traces with errors that were forgotten early, for want of memory")
                .register(meters);
    }

    /// Begins to look.
    public void start() {
        steps = scheduler.scheduleAtFixedRate(this::step, 1, 1, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        var running = steps;
        if (running != null) {
            running.cancel(false);
        }
    }

    private void step() {
        current = factor.step(machine.get(), nanos.getAsLong());
        sampler.loadFactor(current);
    }
}
