package dev.millrace.verification;

import dev.millrace.load.traffic.BenchmarkWorkload;
import dev.millrace.load.traffic.Encoding;
import dev.millrace.model.Span;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/// How long answers of the query role take, over HTTP and one after the other.
final class QueryBench {

    private static final String PART = "query";
    private static final int WARM_UP = 300;
    private static final int QUESTIONS = 300;
    private static final int REQUESTS_KNOWN = 20;

    private final HttpClient http;
    private final URI query;
    private final Figures figures;
    private final List<Span> spans = new ArrayList<>();

    /// @param seed of the benchmark traffic that the store holds
    QueryBench(HttpClient http, URI query, long seed, Figures figures) {
        this.http = http;
        this.query = query;
        this.figures = figures;
        var workload = new BenchmarkWorkload(seed, Encoding.OTLP);
        for (int i = 0; i < REQUESTS_KNOWN; i++) {
            workload.next(0).forEach(request -> spans.addAll(OtlpDecoder.spans(request.body())));
        }
    }

    void run() throws IOException, InterruptedException {
        ask("trace by id", i -> "/v1/traces/" + span(i).traceId());
        ask(
                "20 newest of a service and operation",
                i -> search("service", service(i), "operation", span(i).name()));
        ask(
                "20 newest of a service with an attribute of each span",
                i -> search("service", service(i), "attribute", "http.request.method=GET"));
        ask(
                "20 newest with an attribute of 1 span in 2,560",
                i -> search("attribute", "url.path=" + attribute(i, "url.path")));
        ask("an attribute value that nobody has", i -> search("attribute", "user.id=nobody-" + i));
        ask(
                "20 newest of a service, 36 ms or longer",
                i -> search("service", service(i), "minDuration", "36ms"));
    }

    // Far from the one before, so that neighbours in a block do not help each other.
    private Span span(int i) {
        return spans.get((int) (i * 7_919L % spans.size()));
    }

    private String service(int i) {
        return span(i).resource().attributes().find("service.name").orElseThrow().toString();
    }

    private String attribute(int i, String key) {
        return span(i).attributes().find(key).orElseThrow().toString();
    }

    private static String search(String... parameters) {
        var path = new StringBuilder("/v1/search?limit=20");
        for (int i = 0; i < parameters.length; i += 2) {
            path.append('&').append(parameters[i]).append('=');
            path.append(URLEncoder.encode(parameters[i + 1], StandardCharsets.UTF_8));
        }
        return path.toString();
    }

    private void ask(String what, IntFunction<String> question)
            throws IOException, InterruptedException {
        for (int i = 0; i < WARM_UP; i++) {
            get(question.apply(i));
        }
        var nanos = new long[QUESTIONS];
        for (int i = 0; i < QUESTIONS; i++) {
            long begin = System.nanoTime();
            get(question.apply(WARM_UP + i));
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        figures.add(PART, what + ": p50, ms", "%.1f", nanos[QUESTIONS / 2] / 1e6);
        figures.add(PART, what + ": p99, ms", "%.1f", nanos[QUESTIONS * 99 / 100] / 1e6);
    }

    private void get(String path) throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(query.resolve(path)).timeout(Duration.ofSeconds(30)).build();
        var response = http.send(request, BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IllegalStateException(
                    "%s: status %d, %s (expected: 200)"
                            .formatted(path, response.statusCode(), response.body()));
        }
    }
}
