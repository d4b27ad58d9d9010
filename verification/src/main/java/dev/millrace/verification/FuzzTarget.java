package dev.millrace.verification;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/// What Jazzer calls with its bytes: one [EdgeDecoder], and a bound on what it may allocate.
public final class FuzzTarget {

    /// For a body of at most 64 KiB of which at most 1 MiB may come, each kept a few times over.
    static final long MOST_ALLOCATED = 32L << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static EdgeDecoder decoder = EdgeDecoder.OTLP_PROTOBUF;

    private FuzzTarget() {}

    /// @param arguments the decoder's name
    public static void fuzzerInitialize(String[] arguments) {
        decoder = EdgeDecoder.valueOf(arguments[0].toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    public static void fuzzerTestOneInput(byte[] body) {
        long allocated = allocated(body);
        // Whatever class is met for the first time is loaded, and given eyes by Jazzer, on the way.
        if (allocated > MOST_ALLOCATED) {
            allocated = allocated(body);
        }
        if (allocated > MOST_ALLOCATED) {
            throw new IllegalStateException(
                    "allocated %,d bytes (expected: at most %,d)"
                            .formatted(allocated, MOST_ALLOCATED));
        }
    }

    private static long allocated(byte[] body) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        decoder.take(body);
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
