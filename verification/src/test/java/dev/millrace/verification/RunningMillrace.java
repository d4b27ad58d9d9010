package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.testkit.KafkaFixture;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.core.ConditionTimeoutException;

/// A whole Millrace in a process of its own, and what plain clients do with it.
///
/// It has topics of its own on the broker that all tests share, for a broker in each process would
/// be most of its start; [SharedMillrace] has its broker in it.
final class RunningMillrace implements AutoCloseable {

    static final String PROTOBUF = "application/x-protobuf";
    static final String JSON = "application/json";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration BETWEEN_QUESTIONS = Duration.ofMillis(50);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /// So that no test waits longer than it must.
    private static final Map<String, String> QUICK =
            Map.of(
                    "aggregator.quiet-period", "1s",
                    "aggregator.commit-interval", "200ms",
                    "ingester.batch-delay", "100ms",
                    "cache.names-expiry", "1ms",
                    "log.level", "warn");

    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(PATIENCE)
                    .build();

    private final MillraceProcess process;
    private final StoredTraces traces;

    /// @param directory for its data and its log
    /// @param settings besides those that make it quick
    RunningMillrace(Path directory, Map<String, String> settings) {
        this(directory, settings, settings.getOrDefault("mode", "").equals("direct"));
    }

    private RunningMillrace(Path directory, Map<String, String> settings, boolean alone) {
        var all = new LinkedHashMap<>(QUICK);
        if (!alone) {
            all.putAll(onSharedBroker(KafkaFixture.uniqueName("running")));
        }
        all.putAll(settings);
        this.process = new MillraceProcess("millrace", directory, List.of("up"), all);
        this.traces = new StoredTraces(http, process.query());
    }

    /// One with its broker in it.
    static RunningMillrace withBroker(Path directory, Map<String, String> settings) {
        return new RunningMillrace(directory, settings, true);
    }

    private static Map<String, String> onSharedBroker(String name) {
        var settings = new HashMap<String, String>();
        settings.put("kafka.bootstrap-servers", KafkaFixture.shared().bootstrapServers());
        settings.put("topics.prefix", name + ".");
        settings.put("topics.spans.partitions", "4");
        for (var topic :
                List.of(
                        "traces-complete",
                        "sampling-decisions",
                        "ledger",
                        "dependencies",
                        "dead-letters")) {
            settings.put("topics." + topic + ".partitions", "1");
        }
        settings.put("aggregator.group", name + "-aggregator");
        settings.put("ingester.group", name + "-ingester");
        settings.put("ingester.dependencies.group", name + "-dependencies");
        return settings;
    }

    void start() throws IOException, InterruptedException {
        process.start();
    }

    /// Ends it as `kill` does, with time to finish its work.
    void stop() {
        try {
            process.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    String otlp(String transport) {
        return switch (transport) {
            case "grpc" -> process.otlpGrpc().toString();
            case "http" -> process.otlpHttp().toString();
            default -> throw new IllegalArgumentException(transport);
        };
    }

    String zipkin() {
        return "http://127.0.0.1:" + process.setting("collector.receivers.zipkin.port");
    }

    /// Where Jaeger's client posts Thrift to.
    String jaegerHttp() {
        return "http://127.0.0.1:"
                + process.setting("collector.receivers.jaeger-http.port")
                + "/api/traces";
    }

    int jaegerCompactPort() {
        return Integer.parseInt(process.setting("collector.receivers.jaeger-udp-compact.port"));
    }

    String samplingHostPort() {
        return "127.0.0.1:" + process.setting("collector.receivers.sampling-http.port");
    }

    String setting(String key) {
        return process.setting(key);
    }

    /// All that it has printed.
    String log() {
        return process.log();
    }

    long pid() {
        return process.pid();
    }

    URI query() {
        return process.query();
    }

    /// Sends an OTLP request.
    HttpResponse<byte[]> post(String contentType, byte[] body, String... headers)
            throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(process.otlpHttp().resolve("/v1/traces"))
                        .timeout(PATIENCE)
                        .header("Content-Type", contentType)
                        .POST(BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), BodyHandlers.ofByteArray());
    }

    /// What the query role answers a path with, which must be JSON.
    JsonNode get(String path) throws IOException, InterruptedException {
        var response = page(process.query().resolve(path));
        if (response.statusCode() != 200) {
            throw new IOException(path + ": " + response.statusCode() + " " + response.body());
        }
        return MAPPER.readTree(response.body());
    }

    /// The traces that a search through Jaeger's API finds.
    JsonNode search(String service, Map<String, String> tags)
            throws IOException, InterruptedException {
        String wanted = URLEncoder.encode(MAPPER.writeValueAsString(tags), UTF_8);
        return get("/api/traces?service=" + service + "&tags=" + wanted).path("data");
    }

    /// What any of its ports answers.
    HttpResponse<String> page(URI uri) throws IOException, InterruptedException {
        return page(uri, "*/*");
    }

    private HttpResponse<String> page(URI uri, String accept)
            throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(uri).timeout(PATIENCE).header("Accept", accept).build(),
                BodyHandlers.ofString());
    }

    /// Its metrics as OpenMetrics, which has exemplars.
    String openMetrics() throws IOException, InterruptedException {
        return page(metrics(), "application/openmetrics-text").body();
    }

    private URI metrics() {
        return URI.create("http://127.0.0.1:" + process.setting("metrics.port") + "/metrics");
    }

    Optional<Trace> trace(TraceId traceId) {
        return traces.apply(traceId);
    }

    /// Waits until a trace is stored with so many spans.
    Trace awaitTrace(TraceId traceId, int spans) {
        return patiently(() ->
                        trace(traceId).filter(trace -> trace.spans().size() == spans).stream()
                                .toList())
                .getFirst();
    }

    /// Waits until an attempt yields something.
    <T> List<T> patiently(Attempt<T> attempt) {
        try {
            return await().pollDelay(Duration.ZERO)
                    .pollInterval(BETWEEN_QUESTIONS)
                    .atMost(PATIENCE)
                    .until(attempt::find, found -> !found.isEmpty());
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(e.getMessage() + "\nIts log ends:\n" + process.tail(), e);
        }
    }

    /// Something that takes a while to be found.
    @FunctionalInterface
    interface Attempt<T> {
        List<T> find() throws Exception;
    }

    /// The value of one line of its metrics.
    ///
    /// @param sample its name and labels, as they are written there
    double metric(String sample) throws IOException, InterruptedException {
        return page(metrics())
                .body()
                .lines()
                .filter(line -> line.startsWith(sample + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError(sample + ": no such metric"));
    }

    @Override
    public void close() {
        process.close();
        http.shutdownNow();
    }
}
