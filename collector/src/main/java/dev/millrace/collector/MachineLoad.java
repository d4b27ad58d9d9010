package dev.millrace.collector;

import com.sun.management.OperatingSystemMXBean;
import dev.millrace.sampling.Load;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// How busy this machine is: its CPU, or that of the container around it, and the heap that was in
/// use after the last collection, as what is garbage is no load.
///
/// The CPU's load is that since somebody last asked, so who asks soon after another is told the
/// same. Safe for threads.
public final class MachineLoad implements Supplier<Load> {

    private static final OperatingSystemMXBean MACHINE =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final List<MemoryPoolMXBean> HEAP =
            ManagementFactory.getMemoryPoolMXBeans().stream()
                    .filter(pool -> pool.getType() == MemoryType.HEAP)
                    .toList();
    private static final long VALID_NANOS = 500_000_000;

    private final LongSupplier nanos;
    private Load last = Load.NONE;
    private long askedAt;
    private boolean asked;

    /// @param nanos a clock that only counts time that has passed
    public MachineLoad(LongSupplier nanos) {
        this.nanos = nanos;
    }

    @Override
    public synchronized Load get() {
        long now = nanos.getAsLong();
        if (!asked || now - askedAt >= VALID_NANOS) {
            double cpu = MACHINE.getCpuLoad();
            last = new Load(cpu < 0 ? Double.NaN : cpu, heap());
            asked = true;
            askedAt = now;
        }
        return last;
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
