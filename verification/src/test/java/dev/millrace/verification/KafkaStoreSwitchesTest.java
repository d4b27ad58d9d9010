package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.RequestHeaders;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole processes whose only store is Kafka, with some of their parts switched off under a name
/// that zipkin-storage-kafka had for it: what is off says so, and nothing is spent on it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class KafkaStoreSwitchesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String ID = "0af7651916cd43dd8448eb211c80319c";
    private static final String UUID =
            "-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}-";

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final HttpClient http =
            HttpClient.newBuilder()
                    .connectTimeout(PATIENCE)
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();

    private Path directory;
    private Started everything;

    /// What a switch is about.
    enum Part {
        COLLECTOR,
        AGGREGATOR,
        TRACE_BY_ID,
        SEARCH,
        DEPENDENCIES
    }

    /// Switches as an old deployment sets them.
    ///
    /// @param role what is started: those for one role need no others
    /// @param environment its own variables, or Spring's
    record Switched(
            String what,
            String role,
            Map<String, String> environment,
            Map<String, String> properties,
            Set<Part> off) {

        @Override
        public String toString() {
            return what;
        }
    }

    /// As many together as there are.
    static List<Switched> manySwitched() {
        return switched().stream()
                .filter(each -> each.what().equals("all-but-partitioning"))
                .toList();
    }

    static List<Switched> switched() {
        return List.of(
                new Switched(
                        "partitioning",
                        "up",
                        Map.of("KAFKA_STORAGE_PARTITIONING_ENABLED", "false"),
                        Map.of(),
                        Set.of(Part.COLLECTOR)),
                new Switched(
                        "aggregation",
                        "up",
                        Map.of(),
                        Map.of("zipkin.storage.kafka.span-aggregation.enabled", "false"),
                        Set.of(Part.AGGREGATOR)),
                new Switched(
                        "trace-by-id",
                        "query",
                        Map.of("TRACE_BY_ID_QUERY_ENABLED", "false"),
                        Map.of(),
                        Set.of(Part.TRACE_BY_ID)),
                new Switched(
                        "search",
                        "query",
                        Map.of(),
                        Map.of("zipkin.storage.kafka.trace-search-enabled", "false"),
                        Set.of(Part.SEARCH)),
                new Switched(
                        "dependencies",
                        "query",
                        Map.of("KAFKA_STORAGE_DEPENDENCY_ENABLED", "false"),
                        Map.of(),
                        Set.of(Part.DEPENDENCIES)),
                // What the profile storage-kafka-only-dependencies is.
                new Switched(
                        "all-but-links",
                        "up",
                        Map.of("KAFKA_STORAGE_TRACE_ENABLED", "false"),
                        Map.of(),
                        Set.of(Part.TRACE_BY_ID, Part.SEARCH)),
                new Switched(
                        "all-but-partitioning",
                        "up",
                        Map.of("ZIPKIN_STORAGE_KAFKA_SPANAGGREGATION_ENABLED", "false"),
                        Map.of(
                                "zipkin.storage.kafka.trace-storage.enabled", "false",
                                "zipkin.storage.kafka.dependency-storage.enabled", "false"),
                        Set.of(Part.AGGREGATOR, Part.TRACE_BY_ID, Part.SEARCH, Part.DEPENDENCIES)));
    }

    /// A process, and what its things in Kafka are called.
    private record Started(MillraceProcess process, String name, Path data)
            implements AutoCloseable {

        String store() {
            return name;
        }

        String figures() {
            return name + "-figures";
        }

        String aggregator() {
            return name + "-aggregator";
        }

        @Override
        public void close() {
            process.close();
        }
    }

    @BeforeAll
    void start(@TempDir Path given) throws Exception {
        directory = given;
        everything =
                started(
                        "everything",
                        "up",
                        Map.of("AUTOCOMPLETE_KEYS", "tier", "STRICT_TRACE_ID", "false"),
                        // By this name, completed traces are stored and not spans as they come.
                        Map.of("storage.type", "kafka"));
    }

    @AfterAll
    void stop() {
        everything.close();
        http.shutdownNow();
    }

    private Started started(
            String what,
            String role,
            Map<String, String> environment,
            Map<String, String> properties)
            throws Exception {
        String name = KafkaFixture.uniqueName("switched-" + what);
        var variables = new HashMap<String, String>();
        variables.put("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
        variables.put("KAFKA_STORAGE_AGGREGATION_TRACE_TIMEOUT", "500");
        variables.put("KAFKA_TRACE_TOPIC", name + ".zipkin-trace");
        variables.put("KAFKA_DEPENDENCY_TOPIC", name + ".zipkin-dependency");
        variables.putAll(environment);
        var settings = new LinkedHashMap<String, String>();
        settings.put("topics.prefix", name + ".");
        for (var topic : List.of("spans", "traces-complete", "dependencies")) {
            settings.put("topics." + topic + ".partitions", "2");
        }
        for (var topic : List.of("sampling-decisions", "ledger", "dead-letters")) {
            settings.put("topics." + topic + ".partitions", "1");
        }
        settings.put("storage.kafka.application", name);
        settings.put("aggregator.group", name + "-aggregator");
        settings.put("log.level", "warn");
        settings.putAll(properties);
        Path home = directory.resolve(name);
        var process =
                new MillraceProcess(
                        "millrace",
                        home,
                        new Program(Program.ofThisClassPath().line(), variables),
                        List.of(role),
                        settings);
        process.start();
        return new Started(process, name, home.resolve("data"));
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("switched")
    void eachThatIsOffSaysSoAndNothingIsSpentOnIt(Switched switched) throws Exception {
        whatIsOffSaysSoAndNothingIsSpentOnIt(switched);
    }

    @ParameterizedTest
    @MethodSource("manySwitched")
    void whatIsOffSaysSoAndNothingIsSpentOnIt(Switched switched) throws Exception {
        // Given
        var environment = new HashMap<>(switched.environment());
        environment.put("STORAGE_TYPE", "kafka");

        // When
        try (var millrace =
                started(switched.what(), switched.role(), environment, switched.properties())) {
            // Then
            var on = EnumSet.complementOf(EnumSet.copyOf(switched.off()));
            answers(millrace, on);
            hasTopics(millrace, on, true);
            if (switched.role().equals("query")) {
                on.removeAll(Set.of(Part.COLLECTOR, Part.AGGREGATOR));
            }
            hasNoMoreThanItNeeds(millrace, on);
        }
    }

    @Test
    void whatIsOnIsThere() throws Exception {
        var on = EnumSet.allOf(Part.class);
        answers(everything, on);
        hasTopics(everything, on, false);
        hasNoMoreThanItNeeds(everything, on);
    }

    private void answers(Started millrace, Set<Part> on) throws Exception {
        answers(
                millrace,
                on.contains(Part.TRACE_BY_ID),
                "query.trace-by-id",
                "/v1/traces/" + ID,
                "/api/traces/" + ID,
                "/api/v3/traces/" + ID,
                "/api/v2/trace/" + ID,
                "/tempo/api/traces/" + ID);
        answers(
                millrace,
                on.contains(Part.SEARCH),
                "query.search",
                "/v1/search",
                "/v1/services",
                "/api/services",
                "/api/v3/services",
                "/api/v2/services",
                "/api/v2/traces",
                "/tempo/api/search?q=%7B%7D");
        answers(
                millrace,
                on.contains(Part.DEPENDENCIES),
                "query.dependencies",
                "/v1/dependencies",
                "/api/dependencies?endTs=1790000000000&lookback=60000",
                "/api/v2/dependencies?endTs=1790000000000");
        answersCall(
                millrace,
                on.contains(Part.TRACE_BY_ID),
                "query.trace-by-id",
                "jaeger.api_v2.QueryService/GetTrace",
                "0a10" + ID);
        answersCall(
                millrace,
                on.contains(Part.SEARCH),
                "query.search",
                "jaeger.api_v2.QueryService/GetServices",
                "");
        answersCall(
                millrace,
                on.contains(Part.DEPENDENCIES),
                "query.dependencies",
                "jaeger.api_v2.QueryService/GetDependencies",
                // From one second after the epoch to two.
                "0a020801" + "12020802");
    }

    private void answers(Started millrace, boolean on, String key, String... paths)
            throws Exception {
        for (var path : paths) {
            var answer = get(millrace, path);
            if (on) {
                assertThat(answer.statusCode()).as("%s: %s", path, answer.body()).isIn(200, 404);
            } else {
                assertThat(answer.body())
                        .as(path)
                        .contains("switched off (expected: " + key + ": true)");
                assertThat(answer.statusCode()).as(path).isEqualTo(501);
            }
        }
    }

    private HttpResponse<String> get(Started millrace, String path) throws Exception {
        return http.send(
                HttpRequest.newBuilder(millrace.process().query().resolve(path))
                        .timeout(PATIENCE)
                        .build(),
                BodyHandlers.ofString());
    }

    private static void answersCall(
            Started millrace, boolean on, String key, String method, String message) {
        var body = HexFormat.of().parseHex(message);
        var frame =
                ByteBuffer.allocate(5 + body.length).put((byte) 0).putInt(body.length).put(body);
        var answer =
                WebClient.of("h2c://127.0.0.1:" + millrace.process().setting("query.grpc-port"))
                        .execute(
                                RequestHeaders.builder(HttpMethod.POST, "/" + method)
                                        .add(HttpHeaderNames.CONTENT_TYPE, "application/grpc+proto")
                                        .add(HttpHeaderNames.TE, "trailers")
                                        .build(),
                                HttpData.wrap(frame.array()))
                        .aggregate()
                        .join();
        var said = answer.trailers().isEmpty() ? answer.headers() : answer.trailers();
        if (on) {
            // OK, or NOT_FOUND.
            assertThat(said.get("grpc-status")).as("%s: %s", method, said).isIn("0", "5");
        } else {
            // UNIMPLEMENTED.
            assertThat(said.get("grpc-status")).as("%s: %s", method, said).isEqualTo("12");
            assertThat(said.get("grpc-message")).as(method).contains(key + ": true");
        }
    }

    private void hasTopics(Started millrace, Set<Part> on, boolean storesSpans) throws Exception {
        var expected = new TreeSet<>(Set.of("spans", "ledger", "dead-letters"));
        if (on.contains(Part.AGGREGATOR)) {
            expected.addAll(Set.of("sampling-decisions", "sampling-control", "dependencies"));
            expected.addAll(Set.of("traces-complete", "zipkin-trace", "zipkin-dependency"));
        } else if (on.contains(Part.DEPENDENCIES)) {
            expected.add("dependencies");
        }
        if (!storesSpans) {
            expected.add("traces-complete");
        }
        String prefix = millrace.name() + ".";
        try (var admin = kafka.admin()) {
            assertThat(admin.listTopics().names().get())
                    .filteredOn(topic -> topic.startsWith(prefix))
                    .containsExactlyInAnyOrderElementsOf(
                            expected.stream().map(topic -> prefix + topic).toList());
        }
    }

    private void hasNoMoreThanItNeeds(Started millrace, Set<Part> on) throws Exception {
        boolean traces = on.contains(Part.TRACE_BY_ID) || on.contains(Part.SEARCH);
        boolean figures = on.contains(Part.DEPENDENCIES);
        boolean aggregates = on.contains(Part.AGGREGATOR);
        boolean collects = on.contains(Part.COLLECTOR);

        // The store, on disk.
        Path stores = millrace.data().resolve("kafka-store");
        assertThat(Files.exists(stores.resolve(millrace.store()))).isEqualTo(traces);
        assertThat(Files.exists(stores.resolve(millrace.figures()))).isEqualTo(figures);

        // Threads.
        var threads = threads(millrace);
        assertThat(count(threads, Pattern.quote(millrace.store()) + UUID + "StreamThread-\\d+"))
                .isEqualTo(traces ? 1 : 0);
        assertThat(count(threads, Pattern.quote(millrace.figures()) + UUID + "StreamThread-\\d+"))
                .isEqualTo(figures ? 1 : 0);
        assertThat(count(threads, "kafka-store-\\d+") > 0).isEqualTo(traces || figures);
        assertThat(count(threads, "aggregator-\\d+")).isEqualTo(aggregates ? 1 : 0);
        assertThat(count(threads, "version-leader|lag")).isEqualTo(aggregates ? 2 : 0);
        assertThat(count(threads, "span-ledger")).isEqualTo(collects ? 1 : 0);

        // Who reads what.
        var expected = new HashSet<String>();
        if (traces) {
            expected.add(millrace.store());
        }
        if (figures) {
            expected.add(millrace.figures());
        }
        if (aggregates) {
            expected.add(millrace.aggregator());
        }
        assertThat(groups(millrace).keySet()).isEqualTo(expected);

        // Ports, but for those of datagrams.
        for (var key : ConfigSources.portKeys()) {
            if (key.startsWith("collector.") && !key.contains("udp")) {
                assertThat(isOpen(millrace, key)).as(key).isEqualTo(collects);
            }
        }
        assertThat(isOpen(millrace, "storage.kafka.peers.port")).isEqualTo(traces || figures);
    }

    private static long count(List<String> threads, String pattern) {
        return threads.stream().filter(Pattern.compile(pattern).asMatchPredicate()).count();
    }

    /// The names of its threads.
    private static List<String> threads(Started millrace) throws Exception {
        var jcmd =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                                Long.toString(millrace.process().pid()),
                                "Thread.print")
                        .redirectErrorStream(true)
                        .start();
        try (var output = jcmd.inputReader(UTF_8)) {
            return output.lines()
                    .filter(line -> line.startsWith("\""))
                    .map(line -> line.substring(1, line.indexOf('"', 1)))
                    .toList();
        } finally {
            assertThat(jcmd.waitFor()).isZero();
        }
    }

    /// Its groups of consumers, and the topics that each reads.
    private Map<String, Set<String>> groups(Started millrace) throws Exception {
        try (var admin = kafka.admin()) {
            var ours =
                    admin.listGroups().all().get().stream()
                            .map(group -> group.groupId())
                            .filter(group -> group.startsWith(millrace.name()))
                            .toList();
            return admin.describeConsumerGroups(ours).all().get().values().stream()
                    .collect(
                            Collectors.toMap(
                                    ConsumerGroupDescription::groupId,
                                    KafkaStoreSwitchesTest::topics));
        }
    }

    private static Set<String> topics(ConsumerGroupDescription group) {
        return group.members().stream()
                .flatMap(member -> member.assignment().topicPartitions().stream())
                .map(partition -> partition.topic())
                .collect(Collectors.toSet());
    }

    private static boolean isOpen(Started millrace, String key) {
        int port = Integer.parseInt(millrace.process().setting(key));
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5_000);
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    @Test
    void oneProcessReadsEachTopicOnceForAllThatItKeeps() throws Exception {
        var prefix = everything.name() + ".";

        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(groups(everything))
                                .isEqualTo(
                                        Map.of(
                                                everything.aggregator(),
                                                Set.of(prefix + "spans"),
                                                everything.store(),
                                                Set.of(prefix + "traces-complete"),
                                                everything.figures(),
                                                Set.of(prefix + "dependencies"))));
    }

    @Test
    void valuesOfTagsAreListedAndHalvesOfATraceWithShorterIdsAreFound() throws Exception {
        // Given: a trace that one of its services knows by the lower half of its id.
        String low = "8448eb211c80aaaa";
        String whole = "0af7651916cd43dd" + low;
        long now = System.currentTimeMillis() * 1_000;
        String spans =
                """
                [{"traceId":"%s","id":"000000000000000a","name":"get","timestamp":%d,"duration":9,
                  "localEndpoint":{"serviceName":"shop"},"tags":{"tier":"gold"}},
                 {"traceId":"%s","id":"000000000000000b","parentId":"000000000000000a",
                  "name":"get","timestamp":%d,"duration":5,
                  "localEndpoint":{"serviceName":"stock"},"tags":{"tier":"lead"}}]
                """
                        .formatted(whole, now, low, now);

        // When
        assertThat(post(spans)).isEqualTo(202);

        // Then
        await().atMost(PATIENCE)
                .untilAsserted(() -> {
                    assertThat(list("/api/v2/trace/" + whole)).hasSize(2);
                    assertThat(list("/api/v2/trace/" + low)).hasSize(2);
                });
        assertThat(list("/api/v2/autocompleteKeys")).containsExactly("tier");
        assertThat(list("/api/v2/autocompleteValues?key=tier")).containsExactly("gold", "lead");
    }

    private int post(String spans) throws Exception {
        return http.send(
                        HttpRequest.newBuilder(
                                        URI.create(
                                                "http://127.0.0.1:"
                                                        + everything
                                                                .process()
                                                                .setting(
                                                                        "collector.receivers.zipkin.port")
                                                        + "/api/v2/spans"))
                                .timeout(PATIENCE)
                                .header("Content-Type", "application/json")
                                .POST(BodyPublishers.ofString(spans))
                                .build(),
                        BodyHandlers.discarding())
                .statusCode();
    }

    private List<Object> list(String path) throws Exception {
        var answer = get(everything, path);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return MAPPER.readValue(answer.body(), new TypeReference<>() {});
    }
}
