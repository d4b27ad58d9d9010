package dev.millrace.verification;

import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.verification.MillraceProcess.Program;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// What answers cost by each API, over HTTP, from a query role of its own process on an embedded
/// store with a million spans.
///
/// How long an answer takes is measured with one question at a time; what it costs, with several at
/// once, by the CPU that the process has used.
final class ApiBench {

    private static final long TRACES = 100_000;
    private static final long SEED = 1;
    private static final Duration SPREAD = Duration.ofDays(1);
    private static final int BATCH_BYTES = 8 << 20;
    private static final int WARM_UP = 2_000;
    private static final int QUESTIONS = 400;

    /// How many traces each question has to itself, so that none is asked for twice: what was read
    /// is remembered.
    private static final int TURN = 10_000;

    private static final int CLIENTS = 8;
    private static final int QUESTIONS_AT_ONCE = 3_000;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Path directory;
    private final BenchOptions options;
    private final Figures figures;
    private final StoreTraffic traffic = new StoreTraffic(SEED, TRACES, SPREAD.toNanos());

    ApiBench(Path directory, BenchOptions options, Figures figures) {
        this.directory = directory;
        this.options = options;
        this.figures = figures;
    }

    void run() throws IOException, InterruptedException {
        fill();
        String profile =
                options.profile()
                        ? "-XX:StartFlightRecording=settings=profile,filename="
                                + directory.resolve("query.jfr")
                        : "";
        try (var query =
                        new MillraceProcess(
                                "query",
                                directory,
                                Program.assembled(profile),
                                List.of("query"),
                                Map.of(
                                        "log.level", "warn",
                                        // The traffic is of a day of its own.
                                        "storage.local.retention", "3650d"));
                var http = HttpClient.newHttpClient()) {
            query.start();
            var questions = questions();
            // All of them before the first counts, or it pays for what Java compiles for the
            // others.
            int number = 0;
            for (var question : questions.values()) {
                atOnce(query, http, question, new AtomicInteger(TURN * number++), WARM_UP);
            }
            number = 0;
            for (var question : questions.entrySet()) {
                var asked = new AtomicInteger(TURN * number++ + WARM_UP);
                ask(query, http, question.getKey(), question.getValue(), asked);
            }
        }
    }

    private void fill() {
        var config = LocalStoreConfig.in(directory.resolve("data").resolve("store"));
        try (var store = new LocalTraceStore(config, new SimpleMeterRegistry())) {
            store.start();
            for (var batch = traffic.batch(BATCH_BYTES, TRACES);
                    !batch.isEmpty();
                    batch = traffic.batch(BATCH_BYTES, TRACES)) {
                store.write(batch);
            }
        }
    }

    private Map<String, IntFunction<String>> questions() {
        long end = StoreTraffic.BEGIN_NANOS + SPREAD.toNanos();
        long endMicros = end / 1_000;
        long startMicros = StoreTraffic.BEGIN_NANOS / 1_000;
        long seconds = Duration.ofNanos(StoreTraffic.BEGIN_NANOS).toSeconds();
        var questions = new LinkedHashMap<String, IntFunction<String>>();
        questions.put("ours, trace by id", i -> "/v1/traces/" + trace(i));
        questions.put("ours, 20 newest of a service", i -> "/v1/search?service=" + service(i));
        questions.put("ours, services", _ -> "/v1/services");
        questions.put("Jaeger, trace by id", i -> "/api/traces/" + trace(i));
        questions.put(
                "Jaeger, 20 newest of a service",
                i ->
                        "/api/traces?limit=20&service=%s&start=%d&end=%d"
                                .formatted(service(i), startMicros, endMicros));
        questions.put("Zipkin, trace by id", i -> "/api/v2/trace/" + trace(i));
        questions.put(
                "Zipkin, 20 newest of a service",
                i ->
                        "/api/v2/traces?limit=20&serviceName=%s&endTs=%d&lookback=%d"
                                .formatted(service(i), endMicros / 1_000, SPREAD.toMillis()));
        questions.put("Tempo, trace by id", i -> "/tempo/api/traces/" + trace(i));
        questions.put(
                "Tempo, 20 of a service by TraceQL",
                i ->
                        "/tempo/api/search?limit=20&start=%d&end=%d&q=%s"
                                .formatted(
                                        seconds,
                                        seconds + SPREAD.toSeconds(),
                                        URLEncoder.encode(
                                                "{ resource.service.name = \""
                                                        + service(i)
                                                        + "\" }",
                                                StandardCharsets.UTF_8)));
        return questions;
    }

    // Far from the one before, so that neighbours in a block do not help each other.
    private String trace(int i) {
        return traffic.traceId(i * 7_919L % TRACES).toString();
    }

    private static String service(int i) {
        return StoreTraffic.service(i % StoreTraffic.SERVICES);
    }

    private void ask(
            MillraceProcess query,
            HttpClient http,
            String what,
            IntFunction<String> question,
            AtomicInteger asked)
            throws IOException, InterruptedException {
        var nanos = new long[QUESTIONS];
        for (int i = 0; i < QUESTIONS; i++) {
            String path = question.apply(asked.getAndIncrement());
            long begin = System.nanoTime();
            get(query, http, path);
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        double before = ProcessUsage.of(query.pid()).cpuSeconds();
        long begin = System.nanoTime();
        atOnce(query, http, question, asked, QUESTIONS_AT_ONCE);
        double seconds = (System.nanoTime() - begin) / 1e9;
        double cpu = ProcessUsage.of(query.pid()).cpuSeconds() - before;
        String part = "api: " + what;
        figures.add(part, "p50, ms", "%.2f", nanos[QUESTIONS / 2] / 1e6);
        figures.add(part, "p99, ms", "%.2f", nanos[QUESTIONS * 99 / 100] / 1e6);
        figures.add(part, "requests/s per core used", "%,.0f", QUESTIONS_AT_ONCE / cpu);
        figures.add(part, "requests/s", "%,.0f", QUESTIONS_AT_ONCE / seconds);
    }

    private void atOnce(
            MillraceProcess query,
            HttpClient http,
            IntFunction<String> question,
            AtomicInteger asked,
            int times)
            throws IOException, InterruptedException {
        int end = asked.get() + times;
        try (var clients = Executors.newFixedThreadPool(CLIENTS)) {
            List<Future<Boolean>> all =
                    IntStream.range(0, CLIENTS)
                            .mapToObj(_ ->
                                    clients.submit(() -> {
                                        for (int i = asked.getAndIncrement();
                                                i < end;
                                                i = asked.getAndIncrement()) {
                                            get(query, http, question.apply(i));
                                        }
                                        return true;
                                    }))
                            .toList();
            for (var one : all) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("asking several questions at once failed", e);
        }
    }

    private static void get(MillraceProcess query, HttpClient http, String path)
            throws IOException, InterruptedException {
        var uri = URI.create("http://127.0.0.1:" + query.setting("query.port") + path);
        var request = HttpRequest.newBuilder(uri).timeout(PATIENCE).build();
        var response = http.send(request, BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IllegalStateException(
                    "%s: status %d, %s (expected: 200)"
                            .formatted(
                                    path,
                                    response.statusCode(),
                                    new String(response.body(), StandardCharsets.UTF_8)));
        }
    }
}
