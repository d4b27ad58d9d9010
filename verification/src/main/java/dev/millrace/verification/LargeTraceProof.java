package dev.millrace.verification;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.verification.MillraceProcess.Program;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Asks a query role of its own process for one trace of a million spans, as every API answers it,
/// and tells whether all of it came and what memory it took.
public final class LargeTraceProof {

    private static final int SPANS = 1_000_000;
    private static final int FRAGMENT_SPANS = 10_000;
    private static final TraceId TRACE = new TraceId(0x4d11_1ace_0000_0001L, 0x1a46e);
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

    /// What the heap may grow by, whatever the trace: some pieces, and 24 bytes a span to tell
    /// duplicates.
    private static final double MAX_GROWTH_BYTES = 150e6;

    /// What is asked, and what each span has once in the answer.
    private record Question(String path, String accepted, String mark) {}

    private static final List<Question> QUESTIONS =
            List.of(
                    new Question("/v1/traces/" + TRACE, "application/json", "\"spanId\""),
                    new Question("/v1/traces/" + TRACE, "application/x-protobuf", "job.number"));

    private LargeTraceProof() {}

    /// Arguments: how many spans.
    public static void main(String[] arguments) throws Exception {
        int spans = arguments.length > 0 ? Integer.parseInt(arguments[0]) : SPANS;
        Path directory = Files.createTempDirectory("millrace-largetrace-");
        fill(directory.resolve("data").resolve("store"), spans);
        boolean passes = true;
        try (var query =
                new MillraceProcess(
                        "query",
                        directory,
                        Program.assembled(""),
                        List.of("query"),
                        Map.of("storage.type", "local"))) {
            query.start();
            double before = query.liveHeap();
            System.out.println("| asked | spans | bytes | s | live heap at most, MB |");
            System.out.println("|-|--:|--:|--:|--:|");
            System.out.printf("| nothing yet | | | | %.0f |%n", before / 1e6);
            for (var question : QUESTIONS) {
                var answer = ask(query, question);
                System.out.printf(
                        "| `%s` as %s | %,d | %,d | %.1f | %.0f |%n",
                        question.path(),
                        question.accepted(),
                        answer.spans(),
                        answer.bytes(),
                        answer.seconds(),
                        answer.heapMost() / 1e6);
                passes &= answer.spans() == spans;
                passes &= answer.heapMost() - before < MAX_GROWTH_BYTES;
            }
        }
        if (passes) {
            Start.delete(directory);
        }
        System.out.println(
                passes ? "All of it came, in bounded memory." : "FAILED, see " + directory);
        System.exit(passes ? 0 : 1);
    }

    private static void fill(Path directory, int spans) {
        var giant = new GiantTrace(TRACE, spans);
        try (var store =
                new LocalTraceStore(LocalStoreConfig.in(directory), new SimpleMeterRegistry())) {
            store.start();
            for (int from = 1; from <= spans; from += FRAGMENT_SPANS) {
                int to = Math.min(spans + 1, from + FRAGMENT_SPANS);
                var body = OtlpEncoder.encode(giant.piece(from, to, InstantSource.system()));
                var id = new FragmentId("traces-complete", 0, from);
                store.write(List.of(new Fragment(id, Tenant.DEFAULT, TRACE, body)));
            }
        }
    }

    private record Answered(long spans, long bytes, double seconds, double heapMost) {}

    private static Answered ask(MillraceProcess query, Question question) throws Exception {
        try (var http = HttpClient.newHttpClient();
                var asking = Executors.newSingleThreadExecutor()) {
            long begin = System.nanoTime();
            Callable<long[]> reading = () -> read(http, query, question);
            var read = asking.submit(reading);
            double heapMost = 0;
            while (!read.isDone() && System.nanoTime() - begin < PATIENCE.toNanos()) {
                heapMost = Math.max(heapMost, query.liveHeap());
                LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
            }
            long[] found = read.get(1, TimeUnit.SECONDS);
            return new Answered(found[0], found[1], (System.nanoTime() - begin) / 1e9, heapMost);
        }
    }

    /// @return how many spans came, and how many bytes
    private static long[] read(HttpClient http, MillraceProcess query, Question question)
            throws IOException, InterruptedException {
        var uri = URI.create("http://127.0.0.1:" + query.setting("query.port") + question.path());
        var request =
                HttpRequest.newBuilder(uri)
                        .header("Accept", question.accepted())
                        .timeout(PATIENCE)
                        .build();
        var response = http.send(request, BodyHandlers.ofInputStream());
        if (response.statusCode() != 200) {
            throw new IllegalStateException(
                    question.path() + ": " + response.statusCode() + " (expected: 200)");
        }
        try (var body = response.body()) {
            return count(body, question.mark().getBytes(StandardCharsets.UTF_8));
        }
    }

    private static long[] count(InputStream in, byte[] mark) throws IOException {
        var buffer = new byte[1 << 16];
        long marks = 0;
        long bytes = 0;
        int matched = 0;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            bytes += read;
            for (int i = 0; i < read; i++) {
                // No mark has its own first letter a second time before its end.
                matched = buffer[i] == mark[matched] ? matched + 1 : buffer[i] == mark[0] ? 1 : 0;
                if (matched == mark.length) {
                    marks++;
                    matched = 0;
                }
            }
        }
        return new long[] {marks, bytes};
    }
}
