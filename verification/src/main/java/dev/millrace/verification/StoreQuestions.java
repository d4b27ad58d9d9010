package dev.millrace.verification;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/// What a query role that holds traces of [StoreTraffic] is asked over HTTP, one question after the
/// other.
final class StoreQuestions {

    static final String NOBODY = "an attribute that nobody has";

    private static final int WARM_UP = 300;
    private static final int QUESTIONS = 400;
    private static final int PAGE = 20;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Pattern TRACE_ID = Pattern.compile("\"traceId\":\"([0-9a-f]{32})\"");

    /// How long answers took.
    record Times(double median, double p99) {}

    /// What an answer says.
    ///
    /// @param status of HTTP
    /// @param traces the ids in it, in their order: of each span of a trace, or of each trace found
    record Answer(int status, List<String> traces, String body) {}

    private interface Question {
        String path(int number);
    }

    /// @param found how many traces an answer has at least
    private record Kind(Question question, int found) {}

    private final HttpClient http;
    private final StoreTraffic traffic;
    private final Map<String, Kind> kinds = new LinkedHashMap<>();

    /// @param traces how many there are
    StoreQuestions(HttpClient http, StoreTraffic traffic, long traces) {
        this.http = http;
        this.traffic = traffic;
        var random = new SplittableRandom(7);
        kinds.put(
                "trace by id",
                new Kind(_ -> trace(random.nextLong(traces)), StoreTraffic.TRACE_SPANS));
        kinds.put("20 newest of a service", new Kind(StoreQuestions::newestOf, PAGE));
        kinds.put(
                "20 newest of a service and operation",
                new Kind(
                        i ->
                                search(
                                        "service", service(i),
                                        "operation", StoreTraffic.operation(i),
                                        "kind", "server"),
                        PAGE));
        kinds.put(
                "20 newest with an attribute of 1 span in 3",
                new Kind(i -> search("attribute", "cloud.region=" + region(i)), PAGE));
        kinds.put(
                "all with an attribute of 1 trace in 1,000,000",
                new Kind(
                        _ ->
                                search(
                                        "attribute",
                                        "user.id=" + StoreTraffic.user(random.nextLong() >>> 1)),
                        0));
        kinds.put(
                "20 newest with a failed span of 100 ms or longer",
                new Kind(
                        i -> search("status", "error", "minDuration", (100_000_000 + i) + "ns"),
                        PAGE));
        kinds.put(
                "all with an attribute of one given trace",
                new Kind(
                        _ ->
                                search(
                                        "attribute",
                                        "user.id=" + traffic.userOf(random.nextLong(traces))),
                        1));
        kinds.put(NOBODY, new Kind(i -> search("attribute", "user.id=nobody-" + i), 0));
    }

    String trace(long number) {
        return "/v1/traces/" + traffic.traceId(number);
    }

    static String newestOf(int i) {
        return search("service", service(i));
    }

    private static String service(int i) {
        return StoreTraffic.service(i % StoreTraffic.SERVICES);
    }

    private static String region(int i) {
        return StoreTraffic.region(i);
    }

    private static String search(String... parameters) {
        var path = new StringBuilder("/v1/search?limit=" + PAGE);
        for (int i = 0; i < parameters.length; i += 2) {
            path.append('&').append(parameters[i]).append('=');
            path.append(URLEncoder.encode(parameters[i + 1], StandardCharsets.UTF_8));
        }
        return path.toString();
    }

    /// Asks all of them, and tells how long the answers took by what was asked.
    ///
    /// @param query where to ask
    Map<String, Times> ask(URI query) throws IOException, InterruptedException {
        // All of them before the first counts, or it pays for what Java compiles for the others.
        for (var kind : kinds.values()) {
            ask(query, kind, 0, WARM_UP);
        }
        var times = new LinkedHashMap<String, Times>();
        for (var kind : kinds.entrySet()) {
            long[] nanos = ask(query, kind.getValue(), WARM_UP, QUESTIONS);
            Arrays.sort(nanos);
            times.put(
                    kind.getKey(),
                    new Times(nanos[QUESTIONS / 2] / 1e6, nanos[QUESTIONS * 99 / 100] / 1e6));
        }
        return times;
    }

    private long[] ask(URI query, Kind kind, int first, int count)
            throws IOException, InterruptedException {
        var nanos = new long[count];
        for (int i = 0; i < count; i++) {
            String path = kind.question().path(first + i);
            long begin = System.nanoTime();
            var answer = ask(query, path);
            nanos[i] = System.nanoTime() - begin;
            if (answer.status() != 200 || answer.traces().size() < kind.found()) {
                throw new IllegalStateException(
                        "%s: status %d with %d (expected: 200 with %d)%n%s"
                                .formatted(
                                        path,
                                        answer.status(),
                                        answer.traces().size(),
                                        kind.found(),
                                        answer.body()));
            }
        }
        return nanos;
    }

    Answer ask(URI query, String path) throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(query.resolve(path))
                        .header("Accept", "application/json")
                        .timeout(PATIENCE)
                        .build();
        var response = http.send(request, BodyHandlers.ofString());
        return new Answer(
                response.statusCode(),
                TRACE_ID.matcher(response.body()).results().map(found -> found.group(1)).toList(),
                response.body());
    }
}
