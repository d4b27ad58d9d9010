package dev.millrace.verification;

import dev.millrace.cache.LocalBytes;
import dev.millrace.cache.RedisBytes;
import dev.millrace.cache.RedisConfig;
import dev.millrace.cache.RedisLink;
import dev.millrace.cache.SharedBytes;
import dev.millrace.model.ByteSize;
import dev.millrace.query.QueryConfig;
import dev.millrace.query.QueryServer;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.cached.CacheConfig;
import dev.millrace.storage.cached.CachedTraceStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.testkit.RedisServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/// How long a trace by its id takes over HTTP, one after the other: without a cache, from the
/// caches, and with a Redis that is down or hung.
///
/// What Redis costs when it does not work is the difference to no cache at all, measured just
/// before.
final class CacheBench {

    private static final String PART = "cache";
    private static final long SEED = 1;
    private static final int QUESTIONS = 1_000;
    private static final int WARM_UPS = 5;
    private static final long MOST_SPANS = 1_000_000;
    private static final long BATCH_BYTES = 8L << 20;
    private static final double MOST_MILLIS_MORE = 5;
    private static final double MOST_MILLIS_FROM_CACHE = 5;
    private static final double MOST_MILLIS_FROM_STORE = 10;
    private static final ByteSize MAX_TRACE = new ByteSize(8L << 20);
    private static final Duration WAIT = Duration.ofMillis(3);

    private static final Duration LINK_FINDS_OUT = Duration.ofMillis(500);

    /// When the traces are weeks old, and when all of them may still grow.
    private static final InstantSource LATER = Clock.systemUTC();

    private static final InstantSource AT_ONCE =
            InstantSource.fixed(Instant.EPOCH.plusNanos(StoreTraffic.BEGIN_NANOS));

    private record Times(double median, double p99) {}

    private final Path directory;
    private final Figures figures;
    private final long traces;
    private final StoreTraffic traffic;

    CacheBench(Path directory, BenchOptions options, Figures figures) {
        this.directory = directory;
        this.figures = figures;
        this.traces =
                Math.max(
                        QUESTIONS,
                        Math.min(options.spans(), MOST_SPANS) / StoreTraffic.TRACE_SPANS);
        this.traffic = new StoreTraffic(SEED, traces, Duration.ofHours(12).toNanos());
    }

    void run() throws IOException, InterruptedException {
        var config =
                new LocalStoreConfig(
                        directory, Duration.ofHours(6), Duration.ofDays(7), new ByteSize(0));
        try (var store = new LocalTraceStore(config, new SimpleMeterRegistry());
                var http = HttpClient.newHttpClient()) {
            store.start();
            for (var batch = traffic.batch(BATCH_BYTES, traces);
                    !batch.isEmpty();
                    batch = traffic.batch(BATCH_BYTES, traces)) {
                store.write(batch);
            }
            // So that what Java compiles meanwhile is no cost of the first.
            for (int round = 0; round < WARM_UPS; round++) {
                measure(http, store);
            }
            addBound("no cache", measure(http, store), MOST_MILLIS_FROM_STORE);
            inProcess(http, store);
            redis(http, store);
        }
    }

    private void inProcess(HttpClient http, TraceStore store)
            throws IOException, InterruptedException {
        var later = cached(store, memory(), LATER);
        add("in the process, not there", measure(http, later));
        addBound("in the process, there", measure(http, later), MOST_MILLIS_FROM_CACHE);
        var atOnce = cached(store, memory(), AT_ONCE);
        measure(http, atOnce);
        add("in the process, there and compared", measure(http, atOnce));
    }

    private static LocalBytes memory() {
        return new LocalBytes(
                new ByteSize(256L << 20), System::nanoTime, new SimpleMeterRegistry());
    }

    private void redis(HttpClient http, TraceStore store) throws IOException, InterruptedException {
        var registry = new SimpleMeterRegistry();
        try (var server = RedisServer.launch();
                var link =
                        new RedisLink(
                                RedisConfig.of(server.uri(), "", ""), System::nanoTime, registry)) {
            link.start();
            awaitUp(link);
            var bytes =
                    new RedisBytes(
                            link,
                            WAIT,
                            CachedTraceStore.largestEntry(MAX_TRACE),
                            "bench",
                            System::nanoTime,
                            registry);
            var later = cached(store, bytes, LATER);
            add("in Redis, not there", measure(http, later));
            addBound("in Redis, there", measure(http, later), MOST_MILLIS_FROM_CACHE);
            emptied(server, link);
            var atOnce = cached(store, bytes, AT_ONCE);
            measure(http, atOnce);
            add("in Redis, there and compared", measure(http, atOnce));
            // Beside it, as a process becomes quicker for as long as it runs.
            var without = measure(http, store);
            server.freeze();
            addBeside("Redis hung", measure(http, later), without);
            server.thaw();
            without = measure(http, store);
            server.kill();
            addBeside("Redis down", measure(http, later), without);
        }
    }

    private static void emptied(RedisServer server, RedisLink link) {
        server.kill();
        server.start();
        awaitUp(link);
    }

    // A link finds out in a moment that its connection is gone, and that a server is there.
    private static void awaitUp(RedisLink link) {
        LockSupport.parkNanos(LINK_FINDS_OUT.toNanos());
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!link.isUp()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException("redis: no connection (expected: within 30 s)");
            }
            LockSupport.parkNanos(LINK_FINDS_OUT.toNanos());
        }
    }

    private static TraceStore cached(TraceStore store, SharedBytes bytes, InstantSource clock) {
        return CachedTraceStore.over(
                store,
                bytes,
                new CacheConfig(
                        Duration.ofMinutes(5),
                        Duration.ofMinutes(10),
                        Duration.ofHours(24),
                        MAX_TRACE,
                        Duration.ofSeconds(20)),
                clock,
                System::nanoTime,
                new SimpleMeterRegistry());
    }

    private Times measure(HttpClient http, TraceStore store)
            throws IOException, InterruptedException {
        var config = new QueryConfig("127.0.0.1", 0, Duration.ofSeconds(20), 1_500, 32);
        try (var server = new QueryServer(config, store, new SimpleMeterRegistry(), LATER)) {
            server.start();
            var query = URI.create("http://127.0.0.1:" + server.port());
            var nanos = new long[QUESTIONS];
            for (int i = 0; i < QUESTIONS; i++) {
                long begin = System.nanoTime();
                get(http, query, i);
                nanos[i] = System.nanoTime() - begin;
            }
            Arrays.sort(nanos);
            return new Times(nanos[QUESTIONS / 2] / 1e6, nanos[QUESTIONS * 99 / 100] / 1e6);
        }
    }

    // Far from the one before, so that neighbours in a block do not help each other.
    private void get(HttpClient http, URI query, int i) throws IOException, InterruptedException {
        String path = "/v1/traces/" + traffic.traceId(i * 7_919L % traces);
        var request =
                HttpRequest.newBuilder(query.resolve(path))
                        .header("Accept", "application/x-protobuf")
                        .timeout(Duration.ofSeconds(30))
                        .build();
        var response = http.send(request, BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IllegalStateException(
                    path + ": status " + response.statusCode() + " (expected: 200)");
        }
    }

    private void add(String what, Times times) {
        figures.add(PART, what + ": p50, ms", "%.2f", times.median());
        figures.add(PART, what + ": p99, ms", "%.2f", times.p99());
    }

    private void addBound(String what, Times times, double mostMillis) {
        figures.add(PART, what + ": p50, ms", "%.2f", times.median());
        figures.atMost(PART, what + ": p99, ms", "%.2f", times.p99(), mostMillis);
    }

    private void addBeside(String what, Times times, Times without) {
        add(what, times);
        figures.atMost(
                PART,
                what + ": p50 beyond that of no cache, ms",
                "%.2f",
                times.median() - without.median(),
                MOST_MILLIS_MORE);
        figures.atMost(
                PART,
                what + ": p99 beyond that of no cache, ms",
                "%.2f",
                times.p99() - without.p99(),
                MOST_MILLIS_MORE);
    }
}
