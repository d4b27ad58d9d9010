package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static dev.millrace.storage.kafka.Patience.await;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.server.Server;
import dev.millrace.access.Tls;
import dev.millrace.access.TlsConfig;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.contract.FaultyStore;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.testkit.Certificates;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How an instance treats those who ask, and those who are asked and are none.
final class PeerServerTest {

    private static final SharedSecret SECRET = new SharedSecret("the-secret");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String TOPIC = "spans";

    private final LocalTraceStore log;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Only partitions;

    PeerServerTest(@TempDir Path directory) {
        this.log = Instances.local(directory.resolve("log"));
        this.partitions = new Only(new FaultyStore(log, this::beforeReads));
    }

    private volatile Runnable before = () -> {};

    private void beforeReads() {
        before.run();
    }

    /// The one partition of a topic, which is here.
    private record Only(FaultyStore store) implements Partitions {

        @Override
        public int count() {
            return 1;
        }

        @Override
        public Owners owners(int partition) {
            return new Owners(Optional.empty(), List.of());
        }

        @Override
        public Optional<Held> here(int partition) {
            return Optional.of(new Held(new Contents.Traces(store), true, 0));
        }
    }

    @AfterEach
    void close() {
        log.close();
    }

    private static PeerConfig config(@Nullable SharedSecret secret, int maxQuestions) {
        return config(secret, maxQuestions, PATIENCE, false, null);
    }

    private static PeerConfig config(
            @Nullable SharedSecret secret,
            int maxQuestions,
            Duration patience,
            boolean tls,
            @Nullable Path authorities) {
        return new PeerConfig(
                null,
                0,
                secret,
                tls,
                authorities,
                PeerConfig.DEFAULT_HEDGE_AFTER,
                patience,
                maxQuestions);
    }

    private PeerServer started(PeerConfig config, @Nullable Tls tls) {
        var server =
                new PeerServer(
                        config,
                        new PartitionedTopic(TOPIC, partitions, Placement.BY_ID),
                        null,
                        tls,
                        meters);
        server.start();
        return server;
    }

    private static Peer at(int port) {
        return new Peer("127.0.0.1", port);
    }

    private static Reply<List<String>> services(PeerClient client, Peer peer) {
        return client.ask(peer, TOPIC, List.of(0), new ServicesQuestion(Tenant.DEFAULT), PATIENCE)
                .reply()
                .join();
    }

    private static void fails(Runnable question, String... parts) {
        assertThatThrownBy(question::run)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        StoreException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE))
                .hasMessageContainingAll(parts);
    }

    @Test
    void refusesAndCountsWhoDoesNotShowTheSecret() {
        // Given
        try (var server = started(config(SECRET, 8), null);
                var known = new PeerClient(config(SECRET, 8));
                var wrong = new PeerClient(config(new SharedSecret("the-secres"), 8));
                var none = new PeerClient(config(null, 8))) {
            // When, Then
            assertThat(services(known, at(server.port())).given()).containsOnlyKeys(0);
            fails(() -> services(wrong, at(server.port())), "the secret shown is not the one");
            fails(() -> services(none, at(server.port())), "the secret shown is not the one");
            assertThat(meters.counter("millrace.store.kafka.denied").count()).isEqualTo(2);
            assertThat(post(server, "/internal/store/v1/services", "{}").status())
                    .isEqualTo(HttpStatus.UNAUTHORIZED);
        }
    }

    private static AggregatedHttpResponse post(PeerServer server, String path, String body) {
        return WebClient.of("h2c://127.0.0.1:" + server.port()).post(path, body).aggregate().join();
    }

    @Test
    void listensForThisMachineAloneWithoutASecretUnlessToldOtherwise() {
        // Given
        var anywhere = PeerConfig.plain(null, 0, SECRET);
        var nowhere = PeerConfig.plain(null, 0, null);

        // When, Then
        assertThat(PeerServer.address(nowhere).getAddress().isLoopbackAddress()).isTrue();
        assertThat(PeerServer.address(anywhere).getAddress().isAnyLocalAddress()).isTrue();
        assertThat(PeerServer.address(PeerConfig.plain("0.0.0.0", 0, null)).getAddress())
                .isEqualTo(new InetSocketAddress("0.0.0.0", 0).getAddress());
    }

    @Test
    void neverShowsTheSecret() {
        assertThat(config(SECRET, 8).toString()).doesNotContain(SECRET.text());
        assertThatThrownBy(() -> new SharedSecret("with space"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10 characters")
                .hasMessageNotContaining("space\"");
    }

    @Test
    void speaksTlsWithThoseWhoTrustItsAuthority(@TempDir Path mine, @TempDir Path others) {
        // Given
        var authority = new Certificates(mine);
        var stranger = new Certificates(others);
        var party = authority.server();
        try (var scheduler = Executors.newSingleThreadScheduledExecutor();
                var tls =
                        new Tls(
                                "store",
                                TlsConfig.of(party.certificate(), party.key()),
                                scheduler,
                                meters)) {
            tls.start();
            try (var server = started(config(SECRET, 8), tls);
                    var trusting =
                            new PeerClient(
                                    config(SECRET, 8, PATIENCE, true, authority.authorityFile()));
                    var distrusting =
                            new PeerClient(
                                    config(SECRET, 8, PATIENCE, true, stranger.authorityFile()))) {
                // When, Then
                assertThat(services(trusting, at(server.port())).given()).containsOnlyKeys(0);
                fails(() -> services(distrusting, at(server.port())), "cannot be reached");
            }
        }
    }

    @Test
    void tellsAnInstanceOfAnotherVersionWhichOneItSpeaks() {
        // Given
        try (var server = started(config(null, 8), null)) {
            // When
            var answer = post(server, "/internal/store/v2/services", "{}");

            // Then
            assertThat(answer.status()).isEqualTo(HttpStatus.NOT_FOUND);
            assertThat(PeerProtocol.failure(answer.content().array()))
                    .hasMessage(
                            "/internal/store/v2/services: not a path of the version spoken here, 1"
                                    + " (expected: all instances of one version of Millrace)");
        }
    }

    @Test
    void namesWhatItDoesNotUnderstand() {
        // Given
        try (var server = started(config(null, 8), null)) {
            // When
            var unknown =
                    post(
                            server,
                            "/internal/store/v1/weather",
                            "{\"topic\":\"spans\",\"partitions\":[],\"patience\":1,"
                                    + "\"tenant\":\"default\"}");
            var broken = post(server, "/internal/store/v1/services", "{");

            // Then
            assertThat(PeerProtocol.failure(unknown.content().array()))
                    .hasMessageContaining("question: \"weather\"");
            assertThat(PeerProtocol.failure(broken.content().array()))
                    .hasMessageContaining("not JSON");
            assertThat(
                            WebClient.of("h2c://127.0.0.1:" + server.port())
                                    .execute(
                                            RequestHeaders.of(
                                                    HttpMethod.GET, "/internal/store/v1/services"))
                                    .aggregate()
                                    .join()
                                    .status())
                    .isEqualTo(HttpStatus.METHOD_NOT_ALLOWED);
        }
    }

    @Test
    void refusesAQuestionAboutAnotherTopic() {
        // Given
        try (var server = started(config(null, 8), null);
                var client = new PeerClient(config(null, 8))) {
            var question = new ServicesQuestion(Tenant.DEFAULT);

            // When, Then
            fails(
                    () ->
                            client.ask(
                                            at(server.port()),
                                            "traces-complete",
                                            List.of(0),
                                            question,
                                            PATIENCE)
                                    .reply()
                                    .join(),
                    "topic: \"traces-complete\" (expected: spans)");
        }
    }

    @Test
    void refusesAQuestionThatIsTooLarge() {
        // Given
        try (var server = started(config(null, 8), null);
                var client = new PeerClient(config(null, 8))) {
            var question = new OperationsQuestion(Tenant.DEFAULT, "x".repeat(2 << 20));

            // When, Then
            assertThatThrownBy(() ->
                            client.ask(at(server.port()), TOPIC, List.of(0), question, PATIENCE))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.INVALID_REQUEST))
                    .hasMessageContaining("expected: at most 1048576 bytes");
            assertThat(post(server, "/internal/store/v1/services", "x".repeat(2 << 20)).status())
                    .isEqualTo(HttpStatus.REQUEST_ENTITY_TOO_LARGE);
        }
    }

    @Test
    void takesWhoIsNoInstanceForWhatItIs() {
        // Given
        try (var other =
                        Server.builder()
                                .http(0)
                                .serviceUnder("/", (_, _) -> HttpResponse.of("Hello"))
                                .build();
                var client = new PeerClient(config(null, 8))) {
            other.start().join();

            // When, Then
            fails(
                    () -> services(client, at(other.activeLocalPort())),
                    "gave an answer that makes no sense");
            fails(() -> services(client, Instances.nobody()), "cannot be reached");
        }
    }

    @Test
    void turnsQuestionsAwayWhenAsManyAreAtWorkAsThereMayBe() {
        // Given
        var reading = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        before =
                () -> {
                    reading.countDown();
                    waitFor(goOn);
                };
        try (var server = started(config(null, 1), null);
                var client = new PeerClient(config(null, 1))) {
            var first =
                    client.ask(
                            at(server.port()),
                            TOPIC,
                            List.of(0),
                            new ServicesQuestion(Tenant.DEFAULT),
                            PATIENCE);
            waitFor(reading);

            // When, Then
            fails(
                    () -> services(client, at(server.port())),
                    "busy with 1 questions, as many as there may be");

            // When
            goOn.countDown();

            // Then
            assertThat(first.reply().join().given()).containsOnlyKeys(0);
            await().untilAsserted(() ->
                    assertThat(services(client, at(server.port())).given()).containsOnlyKeys(0));
        }
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void letsGoOfAnAnswerThatIsNotReadInTime() throws IOException {
        // Given: an answer that no connection holds, and somebody who does not read it.
        var bytes = new byte[12 << 20];
        var random = new SplittableRandom(1);
        random.nextBytes(bytes);
        var attribute =
                new Attributes.Attribute("bytes", new AttributeValue.Bytes(Slice.of(bytes)));
        log.write(
                List.of(fragment(0, span(id(), 1, TIME).attributes(Attributes.of(attribute), 0))));
        var question = new TraceQuestion(Tenant.DEFAULT, id());
        var body = new PeerProtocol.Asked(TOPIC, List.of(0), PATIENCE, question).write();
        try (var server = started(config(null, 1, Duration.ofSeconds(4), false, null), null);
                var client = new PeerClient(config(null, 1));
                var slow = new Socket()) {
            assertThat(services(client, at(server.port())).given()).containsOnlyKeys(0);
            slow.setReceiveBufferSize(4 << 10);
            slow.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            var head =
                    "POST /internal/store/v1/trace HTTP/1.1\r\nHost: x\r\nContent-Length: "
                            + body.length
                            + "\r\n\r\n";
            slow.getOutputStream().write(head.getBytes(US_ASCII));
            slow.getOutputStream().write(body);
            slow.getOutputStream().flush();
            assertThat(slow.getInputStream().read()).isEqualTo('H');

            // When, Then: the only place is taken, and free again later.
            fails(() -> services(client, at(server.port())), "busy");
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> {
                        try {
                            services(client, at(server.port()));
                        } catch (CompletionException e) {
                            throw new AssertionError(e);
                        }
                    });
        }
    }

    private static TraceId id() {
        return trace(1);
    }
}
