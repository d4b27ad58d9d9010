package dev.millrace.verification;

import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.api.TraceStore;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import java.util.stream.LongStream;

/// What `./dev bench store` runs in a process of its own: `write` or `ask`, a store, a number of
/// spans, the place where both find it, and the process of its server, 0 for none. Prints each
/// figure as a line, its name before the value.
public final class StoreMeasurement {

    private static final long SEED = 1;
    private static final long SPREAD = Duration.ofHours(24).toNanos();

    /// As the ingester writes by default.
    private static final long BATCH_BYTES = 8 * 1024 * 1024;

    /// A server that takes less than this in two seconds has nothing left to do.
    private static final double IDLE_CPU_SECONDS = 0.1;

    private static final Duration SETTLING = Duration.ofMinutes(5);

    /// Of one batch.
    private static final int MOST_RETRIES = 60;

    private static final int WARM_UP = 200;

    /// At least so many, and for at least so long: 400 of an embedded store are over before its
    /// code is compiled, and what is left of their times is how two processors were shared with the
    /// compiler.
    private static final int QUESTIONS = 400;

    private static final Duration ASKING = Duration.ofSeconds(5);

    private final StoresUnderMeasurement kind;
    private final long traces;
    private final String place;
    private final long server;

    private StoreMeasurement(StoresUnderMeasurement kind, long spans, String place, long server) {
        this.kind = kind;
        this.traces = spans / StoreTraffic.TRACE_SPANS;
        this.place = place;
        this.server = server;
    }

    public static void main(String[] arguments) throws IOException {
        var measurement =
                new StoreMeasurement(
                        StoresUnderMeasurement.named(arguments[1]).getFirst(),
                        Long.parseLong(arguments[2]),
                        arguments[3],
                        Long.parseLong(arguments[4]));
        if (arguments[0].equals("write")) {
            measurement.write();
        } else {
            measurement.ask();
        }
        System.exit(0);
    }

    private static void figure(String name, double value) {
        System.out.println("figure\t" + name + "\t" + value);
    }

    /// The first tenth warms up and is not counted, nor is what the generator takes.
    private void write() throws IOException {
        var traffic = new StoreTraffic(SEED, traces, SPREAD);
        var threads = ManagementFactory.getThreadMXBean();
        try (var store = kind.open(place)) {
            double cpu = 0;
            double serverCpu = 0;
            double generator = 0;
            long wall = 0;
            long warmUp = traces / 10;
            long written = 0;
            long counted = 0;
            long bytes = 0;
            int retries = 0;
            while (written < traces) {
                if (counted == 0 && written >= warmUp) {
                    counted = traces - written;
                    cpu = cpu();
                    serverCpu = serverCpu();
                    generator = 0;
                    wall = System.nanoTime();
                }
                long generating = threads.getCurrentThreadCpuTime();
                var batch = traffic.batch(BATCH_BYTES, traces);
                generator += (threads.getCurrentThreadCpuTime() - generating) / 1e9;
                retries += writeAsAnIngesterWould(store, batch);
                written += batch.size();
                for (var fragment : batch) {
                    bytes += fragment.body().length();
                }
            }
            double seconds = (System.nanoTime() - wall) / 1e9;
            settle(store);
            double consumed = cpu() - cpu - generator;
            double spans = (double) counted * StoreTraffic.TRACE_SPANS;
            double all = (double) traces * StoreTraffic.TRACE_SPANS;
            figure("per-core", spans / consumed);
            figure("per-second", spans / seconds);
            figure("bytes-in", bytes / all);
            figure("peak-megabytes", ProcessUsage.ofThisProcess().peakResidentBytes() / 1e6);
            figure("server-cpu", (serverCpu() - serverCpu) / consumed);
            if (server != 0) {
                figure("server-peak-megabytes", ProcessUsage.of(server).peakResidentBytes() / 1e6);
            }
            figure("retries", retries);
            figure("load", ProcessUsage.machineLoad());
        }
    }

    /// Waits where the store is slower than its patience, and writes the same once more.
    ///
    /// @return how often
    private static int writeAsAnIngesterWould(TraceStore store, List<Fragment> batch) {
        for (int retries = 0; ; retries++) {
            try {
                store.write(batch);
                return retries;
            } catch (StoreException e) {
                boolean passes =
                        switch (e.kind()) {
                            case UNAVAILABLE, OVER_CAPACITY -> true;
                            case INVALID_REQUEST, NOT_SUPPORTED, TOO_LARGE, CORRUPT, BUG -> false;
                        };
                if (!passes || retries == MOST_RETRIES) {
                    throw e;
                }
                LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            }
        }
    }

    private double cpu() throws IOException {
        return ProcessUsage.ofThisProcess().cpuSeconds() + serverCpu();
    }

    private double serverCpu() throws IOException {
        return server == 0 ? 0 : ProcessUsage.of(server).cpuSeconds();
    }

    /// Waits until the work that writing has left is done: what the store has put off, and what its
    /// server still does.
    private void settle(TraceStore store) throws IOException {
        // The second time nothing has come in since the first, and an embedded store has merged.
        doWhatWasPutOff(store);
        doWhatWasPutOff(store);
        long deadline = System.nanoTime() + SETTLING.toNanos();
        for (double before = -1, now = serverCpu();
                now - before > IDLE_CPU_SECONDS && System.nanoTime() < deadline;
                now = serverCpu()) {
            before = now;
            LockSupport.parkNanos(Duration.ofSeconds(2).toNanos());
        }
    }

    /// A store whose rows expire by themselves refuses to, and has put nothing off.
    private static void doWhatWasPutOff(TraceStore store) {
        try {
            store.expire(Instant.EPOCH);
        } catch (StoreException e) {
            if (e.kind() != StoreException.Kind.NOT_SUPPORTED) {
                throw e;
            }
        }
    }

    private void ask() throws IOException {
        var traffic = new StoreTraffic(SEED, traces, SPREAD);
        long before = liveHeap();
        var threads = ManagementFactory.getThreadMXBean();
        long cpu = threads.getCurrentThreadCpuTime();
        long begin = System.nanoTime();
        try (var store = kind.open(place)) {
            figure("open-seconds", (System.nanoTime() - begin) / 1e9);
            figure("open-cpu-seconds", (threads.getCurrentThreadCpuTime() - cpu) / 1e9);
            ask(store, traffic);
            figure("heap-megabytes", (liveHeap() - before) / 1e6);
            figure("load", ProcessUsage.machineLoad());
        }
    }

    private static long liveHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private void ask(TraceStore store, StoreTraffic traffic) {
        var random = new SplittableRandom(7);
        time(
                "trace",
                _ -> {
                    var traceId = traffic.traceId(random.nextLong(traces));
                    if (store.trace(Tenant.DEFAULT, traceId).isEmpty()) {
                        throw new IllegalStateException("trace " + traceId + " is missing");
                    }
                });
        time("service", i -> search(store, TraceSearch.builder().service(service(i)), 20));
        time(
                "operation",
                i ->
                        search(
                                store,
                                TraceSearch.builder()
                                        .service(service(i))
                                        .operation(StoreTraffic.operation(i))
                                        .kind(SpanKind.SERVER),
                                20));
        time("common", i -> search(store, attribute("cloud.region", StoreTraffic.region(i)), 20));
        time(
                "rare",
                _ ->
                        search(
                                store,
                                attribute("user.id", StoreTraffic.user(random.nextLong() >>> 1)),
                                0));
        time(
                "slow-error",
                i ->
                        search(
                                store,
                                TraceSearch.builder()
                                        .status(Status.Code.ERROR)
                                        .duration(100_000_000 + i, Long.MAX_VALUE),
                                // Of fewer traces not as many are slow and have failed.
                                traces < 100_000 ? 1 : 20));
        time(
                "names",
                i ->
                        store.operations(
                                Tenant.DEFAULT,
                                store.services(Tenant.DEFAULT).get(i % StoreTraffic.SERVICES)));
    }

    private static String service(int number) {
        return StoreTraffic.service(number % StoreTraffic.SERVICES);
    }

    private static TraceSearch.Builder attribute(String key, String value) {
        return TraceSearch.builder().attributes(List.of(new AttributeMatch(key, value)));
    }

    private static void search(TraceStore store, TraceSearch.Builder search, int least) {
        var page = store.search(Tenant.DEFAULT, search.build());
        if (page.traces().size() < least) {
            throw new IllegalStateException(
                    search.build()
                            + " found "
                            + page.traces().size()
                            + " (expected: "
                            + least
                            + ")");
        }
    }

    private static void time(String what, IntConsumer question) {
        for (int i = 0; i < WARM_UP; i++) {
            question.accept(i);
        }
        var threads = ManagementFactory.getThreadMXBean();
        var nanos = LongStream.builder();
        var cpu = LongStream.builder();
        long first = System.nanoTime();
        for (int i = 0; i < QUESTIONS || System.nanoTime() - first < ASKING.toNanos(); i++) {
            long cpuBegin = threads.getCurrentThreadCpuTime();
            long begin = System.nanoTime();
            question.accept(WARM_UP + i);
            nanos.add(System.nanoTime() - begin);
            cpu.add(threads.getCurrentThreadCpuTime() - cpuBegin);
        }
        report(what, nanos.build().toArray(), cpu.build().toArray());
    }

    private static void report(String what, long[] nanos, long[] cpu) {
        figure(what + "-p50", percentile(nanos, 50));
        figure(what + "-p99", percentile(nanos, 99));
        figure(what + "-cpu-p99", percentile(cpu, 99));
    }

    private static double percentile(long[] nanos, int percent) {
        Arrays.sort(nanos);
        return nanos[(int) ((long) nanos.length * percent / 100)] / 1e6;
    }
}
