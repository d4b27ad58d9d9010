package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.TraceId;
import dev.millrace.testkit.Certificates;
import dev.millrace.testkit.KafkaFixture;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two processes whose only store is Kafka, each with half of it, which ask one another by TLS with
/// a secret.
final class KafkaStorePeersTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int PARTITIONS = 4;
    private static final int TRACES = 24;
    private static final String ASKED = "millrace_store_kafka_asked_total";

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final String name = KafkaFixture.uniqueName("peers");
    private final Path directory;
    private final Certificates certificates;
    private final HttpClient http;
    private final MillraceProcess one;
    private final MillraceProcess two;

    KafkaStorePeersTest(@TempDir Path directory) {
        this.directory = directory;
        certificates = new Certificates(directory);
        http = client(certificates.context(null));
        one = process("one");
        two = process("two");
    }

    private static HttpClient client(SSLContext context) {
        return HttpClient.newBuilder().sslContext(context).connectTimeout(PATIENCE).build();
    }

    private MillraceProcess process(String instance) {
        var party = certificates.server();
        var settings =
                new HashMap<>(
                        Map.of(
                                "kafka.bootstrap-servers",
                                kafka.bootstrapServers(),
                                "topics.prefix",
                                name + ".",
                                "query.partial-answers",
                                "true",
                                "cache.names-expiry",
                                "1ms",
                                "log.level",
                                "warn",
                                "tls.certificate",
                                party.certificate().toString(),
                                "tls.key",
                                party.key().toString()));
        for (var topic : List.of("spans", "ledger", "dependencies", "traces-complete")) {
            settings.put("topics." + topic + ".partitions", Integer.toString(PARTITIONS));
        }
        for (var topic : List.of("sampling-decisions", "dead-letters")) {
            settings.put("topics." + topic + ".partitions", "1");
        }
        settings.put("storage.type", "kafka");
        settings.put("storage.kafka.application", name);
        settings.put("storage.kafka.standbys", "0");
        settings.put("storage.kafka.peers.secret", "the-secret-4711");
        settings.put("storage.kafka.peers.tls", "true");
        settings.put(
                "storage.kafka.peers.certificate-authority",
                certificates.authorityFile().toString());
        return new MillraceProcess(
                instance, directory.resolve(instance), List.of("query"), settings);
    }

    @Test
    void processesAskOneAnotherByTlsAndSayWhatIsMissingWhenOneIsGone() throws Exception {
        try (one;
                two) {
            // Given: the first makes the topics.
            one.start();
            var ids = Stream.generate(Otlp::newTraceId).limit(TRACES).toList();
            kafka.send(ids.stream().map(this::record).toList());
            two.start();

            // When, Then: each has to ask the other for some.
            await().atMost(PATIENCE)
                    .untilAsserted(() -> {
                        for (var process : List.of(one, two)) {
                            assertThat(found(process)).isEqualTo(TRACES);
                            assertThat(process.metric(ASKED, "outcome=\"answered\"")).isPositive();
                        }
                    });
            for (var id : ids) {
                assertThat(get(one, "/api/traces/" + id).statusCode()).isEqualTo(200);
                assertThat(get(two, "/api/traces/" + id).statusCode()).isEqualTo(200);
            }
            assertThat(ask(http, "Bearer another").statusCode()).isEqualTo(401);
            assertThatThrownBy(() -> ask(client(SSLContext.getDefault()), ""))
                    .isInstanceOf(IOException.class);

            // When: nobody else has its half.
            two.kill();

            // Then
            var services = get(one, "/v1/services");
            assertThat(services.statusCode()).as(services.body()).isEqualTo(200);
            assertThat(services.headers().firstValue("millrace-partial").orElse(""))
                    .contains("of " + name + ".traces-complete: no answer")
                    .contains(":" + two.setting("storage.kafka.peers.port"));
            var jaegers = get(one, "/api/services");
            assertThat(jaegers.statusCode()).isEqualTo(503);
            assertThat(jaegers.body()).contains("of " + name + ".traces-complete: no answer");
        } finally {
            http.shutdownNow();
        }
    }

    private ProducerRecord<byte[], byte[]> record(TraceId id) {
        return new ProducerRecord<>(
                name + ".traces-complete",
                id.toString().getBytes(US_ASCII),
                Otlp.request(Otlp.of("shop", Otlp.span(id, 1, "sell"))));
    }

    private int found(MillraceProcess process) throws Exception {
        var answer = get(process, "/api/traces?service=shop&limit=100");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return MAPPER.readTree(answer.body()).path("data").size();
    }

    private HttpResponse<String> get(MillraceProcess process, String path) throws Exception {
        return http.send(
                HttpRequest.newBuilder(
                                URI.create(
                                        "https://localhost:"
                                                + process.setting("query.port")
                                                + path))
                        .timeout(PATIENCE)
                        .build(),
                BodyHandlers.ofString());
    }

    /// As somebody who is no process of the store.
    private HttpResponse<String> ask(HttpClient by, String authorization)
            throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "https://localhost:"
                                                + one.setting("storage.kafka.peers.port")
                                                + "/internal/store/v1/services"))
                        .timeout(PATIENCE)
                        .POST(BodyPublishers.ofString("{}"));
        if (!authorization.isEmpty()) {
            request.header("Authorization", authorization);
        }
        return by.send(request.build(), BodyHandlers.ofString());
    }
}
