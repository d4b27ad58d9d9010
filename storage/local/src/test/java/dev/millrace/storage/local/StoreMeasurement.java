package dev.millrace.storage.local;

import com.sun.management.OperatingSystemMXBean;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.apache.lucene.util.IOUtils;

/// Measures the store on this machine: run `main` with the number of spans, by thousands, and of
/// fragments per write.
///
/// The figure to compare is spans per second of CPU, that of the generator taken off, everything
/// else of the process counted in. The first quarter warms up and is not counted.
final class StoreMeasurement {

    private static final PrintStream OUT = System.out;
    private static final int QUESTIONS = 300;

    private StoreMeasurement() {}

    public static void main(String[] args) throws IOException {
        int spans = (args.length > 0 ? Integer.parseInt(args[0]) : 1_000) * 1_000;
        int batch = args.length > 1 ? Integer.parseInt(args[1]) : 1_000;
        Path directory = Files.createTempDirectory("millrace-measurement");
        try {
            measure(directory, spans / Workload.SPANS_PER_FRAGMENT, batch);
        } finally {
            IOUtils.rm(directory);
        }
    }

    private static void measure(Path directory, int fragments, int batch) throws IOException {
        var config =
                new LocalStoreConfig(
                        directory, Duration.ofHours(1), Duration.ofDays(7), new ByteSize(0));
        // Three hours of traffic, so that there is more than one window.
        var workload = new Workload(1, 4, Duration.ofHours(3).toNanos() / fragments);
        var meters = new SimpleMeterRegistry();
        var traces = new ArrayList<TraceId>();
        try (var store = new LocalTraceStore(config, meters)) {
            store.start();
            write(store, workload, fragments, batch, traces);
            double bytes = meters.get("millrace.store.bytes").gauge().value();
            OUT.printf(
                    Locale.ROOT,
                    "disk bytes per span: %.1f%n",
                    bytes / fragments / Workload.SPANS_PER_FRAGMENT);
            ask(store, traces);
        }
    }

    private static void write(
            LocalTraceStore store,
            Workload workload,
            int fragments,
            int batch,
            List<TraceId> traces) {
        var threads = ManagementFactory.getThreadMXBean();
        long generatorCpu = 0;
        long generatorWall = 0;
        long bodyBytes = 0;
        long cpu = processCpu();
        long wall = System.nanoTime();
        int warmUp = fragments / 4;
        for (int done = 0; done < fragments; done += batch) {
            if (done < warmUp && done + batch >= warmUp) {
                cpu = processCpu();
                wall = System.nanoTime();
                generatorCpu = 0;
                generatorWall = 0;
            }
            long generateCpu = threads.getCurrentThreadCpuTime();
            long generateWall = System.nanoTime();
            List<Fragment> next = workload.next(batch);
            for (var fragment : next) {
                traces.add(fragment.traceId());
                bodyBytes += fragment.body().length();
            }
            generatorCpu += threads.getCurrentThreadCpuTime() - generateCpu;
            generatorWall += System.nanoTime() - generateWall;
            store.write(next);
        }
        double cpuSeconds = (processCpu() - cpu - generatorCpu) / 1e9;
        double wallSeconds = (System.nanoTime() - wall - generatorWall) / 1e9;
        double spans = (double) (fragments - warmUp) * Workload.SPANS_PER_FRAGMENT;
        OUT.printf(
                Locale.ROOT,
                "wrote %.0f spans of %.0f bytes: %.0f per CPU-s, %.0f per second%n",
                spans,
                (double) bodyBytes / fragments / Workload.SPANS_PER_FRAGMENT,
                spans / cpuSeconds,
                spans / wallSeconds);
    }

    private static void ask(LocalTraceStore store, List<TraceId> traces) {
        var random = new SplittableRandom(7);
        time(
                "trace by id",
                _ -> {
                    var traceId = traces.get(random.nextInt(traces.size()));
                    if (store.trace(Tenant.DEFAULT, traceId).isEmpty()) {
                        throw new IllegalStateException("trace " + traceId + " is missing");
                    }
                });
        time("20 newest", i -> search(store, TraceSearch.builder().limit(20 + i % 2)));
        time(
                "20 newest of a service",
                i -> search(store, TraceSearch.builder().service(Workload.service(i % 30))));
        time(
                "20 newest of an operation",
                i -> {
                    int service = i % 30;
                    search(
                            store,
                            TraceSearch.builder()
                                    .service(Workload.service(service))
                                    .operation("GET /api/v1/resource/" + (service * 7 + i % 7)));
                });
        time(
                "20 newest of a service with an attribute of 1 in 40",
                i ->
                        search(
                                store,
                                TraceSearch.builder()
                                        .service(Workload.service(i % 30))
                                        .attributes(
                                                List.of(
                                                        new AttributeMatch(
                                                                "tenant.name",
                                                                "customer-" + i % 40)))));
        time(
                "a rare attribute",
                i ->
                        search(
                                store,
                                TraceSearch.builder()
                                        .attributes(
                                                List.of(
                                                        new AttributeMatch(
                                                                "user.id", "" + i * 3_301)))));
        time(
                "20 newest longer than 199 ms",
                i ->
                        search(
                                store,
                                TraceSearch.builder().duration(199_000_000 + i, Long.MAX_VALUE)));
        var thousandth =
                store.search(
                                Tenant.DEFAULT,
                                TraceSearch.builder()
                                        .service(Workload.service(3))
                                        .limit(1_000)
                                        .build())
                        .next()
                        .orElse(null);
        time(
                "20 after the thousandth of a service",
                _ ->
                        search(
                                store,
                                TraceSearch.builder()
                                        .service(Workload.service(3))
                                        .after(thousandth)));
        time("services", _ -> store.services(Tenant.DEFAULT));
        time("operations", i -> store.operations(Tenant.DEFAULT, Workload.service(i % 30)));
    }

    private static void search(LocalTraceStore store, TraceSearch.Builder search) {
        store.search(Tenant.DEFAULT, search.build());
    }

    private static void time(String what, IntConsumer question) {
        for (int i = 0; i < QUESTIONS / 2; i++) {
            question.accept(i);
        }
        long[] nanos = new long[QUESTIONS];
        for (int i = 0; i < QUESTIONS; i++) {
            long begin = System.nanoTime();
            question.accept(i);
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        OUT.printf(
                Locale.ROOT,
                "%-52s p50 %.2f ms, p99 %.2f ms%n",
                what,
                nanos[QUESTIONS / 2] / 1e6,
                nanos[QUESTIONS * 99 / 100] / 1e6);
    }

    private static long processCpu() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
