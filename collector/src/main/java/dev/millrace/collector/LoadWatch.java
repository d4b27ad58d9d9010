package dev.millrace.collector;

import com.sun.management.OperatingSystemMXBean;
import dev.millrace.sampling.HeadSampler;
import dev.millrace.sampling.LoadFactor;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Lowers what the head keeps while the machine is busy.
///
/// Looks at the CPU of the machine, or of the container around it, and at the heap that was in use
/// after the last collection: what is garbage is no load.
public final class LoadWatch implements AutoCloseable {

    private static final OperatingSystemMXBean MACHINE =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final List<MemoryPoolMXBean> HEAP =
            ManagementFactory.getMemoryPoolMXBeans().stream()
                    .filter(pool -> pool.getType() == MemoryType.HEAP)
                    .toList();

    private final HeadSampler sampler;
    private final LoadFactor factor;
    private final ScheduledExecutorService scheduler;
    private final LongSupplier nanos;
    private volatile double current = 1;
    private @Nullable Future<?> steps;

    /// @param scheduler looks once a second; it stays the caller's
    public LoadWatch(
            HeadSampler sampler,
            LoadFactor.Settings settings,
            ScheduledExecutorService scheduler,
            LongSupplier nanos,
            MeterRegistry meters) {
        this.sampler = sampler;
        this.factor = new LoadFactor(settings);
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
        double cpu = MACHINE.getCpuLoad();
        current = factor.step(cpu < 0 ? Double.NaN : cpu, heap(), nanos.getAsLong());
        sampler.loadFactor(current);
    }

    private static double heap() {
        long used = 0;
        for (var pool : HEAP) {
            var afterCollection = pool.getCollectionUsage();
            if (afterCollection != null) {
                used += afterCollection.getUsed();
            }
        }
        return used / (double) Runtime.getRuntime().maxMemory();
    }
}
