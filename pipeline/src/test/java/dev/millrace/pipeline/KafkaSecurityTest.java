package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import dev.millrace.broker.BrokerConfig;
import dev.millrace.broker.BrokerConfig.Listener;
import dev.millrace.broker.EmbeddedBroker;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/// Every way in that a cluster may ask for, against a real broker that asks for it.
class KafkaSecurityTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final String SECRET = "xyzzy-plugh-4711";
    private static final String WRONG = "fee-fie-foe-foo-23";

    /// How every token begins that is not signed.
    private static final String UNSIGNED_TOKEN = "eyJhbGciOiJub25lIn0";

    private static final String MODULES = "org.apache.kafka.common.security.";

    @TempDir private static Path directory;
    private static EmbeddedBroker broker;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Chunks chunks = new Chunks(7);

    /// How a client says who it is.
    enum Way {
        PLAIN,
        SCRAM,
        OAUTHBEARER,
        MTLS;

        /// Kafka's settings for it.
        Map<String, String> settings(boolean right) {
            String password = right ? SECRET : WRONG;
            return switch (this) {
                case PLAIN -> sasl("PLAIN", "plain.Plain", login(password));
                case SCRAM -> sasl("SCRAM-SHA-256", "scram.Scram", login(password));
                case OAUTHBEARER ->
                        sasl(
                                "OAUTHBEARER",
                                "oauthbearer.OAuthBearer",
                                "unsecuredLoginStringClaim_sub=\"millrace\""
                                        + " unsecuredLoginStringClaim_scope=\""
                                        + (right ? "write" : "read")
                                        + "\"");
                case MTLS -> {
                    var settings = new HashMap<String, String>();
                    settings.put("security.protocol", "SSL");
                    settings.putAll(stores(right ? "client" : "stranger", "server"));
                    yield settings;
                }
            };
        }

        private static String login(String password) {
            return "username=\"millrace\" password=\"" + password + "\"";
        }
    }

    private static Map<String, String> sasl(String mechanism, String module, String options) {
        return Map.of(
                "security.protocol",
                "SASL_PLAINTEXT",
                "sasl.mechanism",
                mechanism,
                "sasl.jaas.config",
                MODULES + module + "LoginModule required " + options + ";");
    }

    private static Map<String, String> stores(String own, String trusted) {
        return Map.of(
                "ssl.keystore.location",
                directory.resolve(own + ".p12").toString(),
                "ssl.keystore.password",
                SECRET,
                "ssl.keystore.type",
                "PKCS12",
                "ssl.key.password",
                SECRET,
                "ssl.truststore.location",
                directory.resolve(trusted + ".trust.p12").toString(),
                "ssl.truststore.password",
                SECRET,
                "ssl.truststore.type",
                "PKCS12");
    }

    @BeforeAll
    static void startBroker() throws Exception {
        for (String name : List.of("server", "client", "stranger")) {
            makeStores(name);
        }
        var mutual = new HashMap<>(stores("server", "client"));
        mutual.put("ssl.client.auth", "required");
        String environment = System.getenv("PATH");
        broker =
                new EmbeddedBroker(
                        new BrokerConfig(
                                directory.resolve("broker"),
                                "127.0.0.1",
                                0,
                                List.of(
                                        listener(
                                                "PLAIN",
                                                "PLAIN",
                                                "plain.Plain",
                                                "user_millrace=\""
                                                        + SECRET
                                                        + "\" user_environment=\""
                                                        + environment
                                                        + "\""),
                                        listener("SCRAM", "SCRAM-SHA-256", "scram.Scram", ""),
                                        listener(
                                                "OAUTHBEARER",
                                                "OAUTHBEARER",
                                                "oauthbearer.OAuthBearer",
                                                "unsecuredLoginStringClaim_sub=\"broker\""
                                                        + " unsecuredValidatorRequiredScope=\""
                                                        + "write"
                                                        + "\""),
                                        new Listener("MTLS", "SSL", mutual))),
                        (_, _) -> {});
        broker.start();
        try (var admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            var password = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4_096);
            admin.alterUserScramCredentials(
                            List.of(new UserScramCredentialUpsertion("millrace", password, SECRET)))
                    .all()
                    .get(30, SECONDS);
        }
    }

    private static Listener listener(String name, String mechanism, String module, String options) {
        return new Listener(
                name,
                "SASL_PLAINTEXT",
                Map.of(
                        "sasl.enabled.mechanisms",
                        mechanism,
                        mechanism.toLowerCase(java.util.Locale.ROOT) + ".sasl.jaas.config",
                        MODULES + module + "LoginModule required " + options + ";"));
    }

    /// A key with a certificate of its own, and a store that trusts only that.
    private static void makeStores(String name)
            throws IOException, InterruptedException, GeneralSecurityException {
        Path own = directory.resolve(name + ".p12");
        var made =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                name,
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=" + name,
                                "-ext",
                                "SAN=ip:127.0.0.1",
                                "-validity",
                                "2",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                own.toString(),
                                "-storepass",
                                SECRET)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve(name + ".log").toFile())
                        .start();
        assertThat(made.waitFor(60, SECONDS)).isTrue();
        var keys = KeyStore.getInstance(own.toFile(), SECRET.toCharArray());
        var trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        trust.setCertificateEntry(name, keys.getCertificate(name));
        try (var out = Files.newOutputStream(directory.resolve(name + ".trust.p12"))) {
            trust.store(out, SECRET.toCharArray());
        }
    }

    @AfterAll
    static void closeBroker() {
        broker.close();
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void spansGoInAndComeOut(Way way) throws Exception {
        try (var logged = new Logged()) {
            // Given
            var clients = clients(way, way.settings(true));
            var topics = topics(way.name() + "-right");
            try (var admin = clients.admin("test")) {
                new Topics(admin, clients.config(), topics).ensure(PATIENCE);
            }
            TraceChunk chunk = chunks.several(1).getFirst();
            var store = new FakeTraceStore();

            // When
            try (var sink = sink(clients, topics);
                    var ingester = ingester(clients, topics, store)) {
                await().atMost(PATIENCE).until(sink::ready);
                sink.accept(Tenant.DEFAULT, List.of(chunk)).get(30, TimeUnit.SECONDS);
                await().atMost(PATIENCE).until(() -> !store.fragments.isEmpty());
                assertThat(ingester.healthy()).isTrue();
            }

            // Then
            var stored = store.fragments.values().iterator().next();
            assertThat(stored.body()).isEqualTo(chunk.body());
            try (var consumer = clients.reader("test")) {
                var partition = new TopicPartition(stored.id().topic(), stored.id().partition());
                new SpanLogReader(consumer, partition, new ForeignRecords(null))
                        .read(
                                new long[] {stored.id().offset()},
                                (_, _, body) -> assertThat((Object) body).isEqualTo(chunk.body()));
            }
            logged.hasNoSecrets(clients.config());
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void theWrongSecretIsAClearErrorAndHoldsNothingUp(Way way) throws Exception {
        try (var logged = new Logged()) {
            // Given
            var clients = clients(way, way.settings(false));
            var topics = topics(way.name() + "-wrong");

            // When
            try (var sink = sink(clients, topics);
                    var ingester = ingester(clients, topics, new FakeTraceStore())) {
                await().atMost(PATIENCE).until(() -> !ingester.healthy());
                await().atMost(PATIENCE)
                        .until(() -> logged.contains(KafkaSpanSink.class, "Kafka does not say"));

                // Then
                assertThat(sink.ready()).isFalse();
                assertThat(sink.accept(Tenant.DEFAULT, chunks.several(1)))
                        .isCompletedExceptionally();
                // Of SASL and of TLS.
                String failure = "AuthenticationException";
                assertThat(logged.contains(KafkaSpanSink.class, failure)).isTrue();
                assertThat(logged.contains(Ingester.class, failure)).isTrue();
            }
            try (var admin = clients.admin("test")) {
                var ensured = new Topics(admin, clients.config(), topics);
                assertThatThrownBy(() -> ensured.ensure(Duration.ofSeconds(30)))
                        .isInstanceOf(TopicsException.class)
                        .hasStackTraceContaining("AuthenticationException");
            }
            logged.hasNoSecrets(clients.config());
        }
    }

    @Test
    void secretsMayLieInFilesAndInTheEnvironment() throws Exception {
        // Given
        Path file = directory.resolve("secrets.properties");
        Files.writeString(file, "password=" + SECRET + "\n", UTF_8);
        Path folder = Files.createDirectories(directory.resolve("secrets"));
        Files.writeString(folder.resolve("password"), SECRET, UTF_8);
        var logins =
                Map.of(
                        "${file:" + file + ":password}",
                        "millrace",
                        "${directory:" + folder + ":password}",
                        "millrace",
                        "${env:PATH}",
                        "environment");

        for (var login : logins.entrySet()) {
            var clients =
                    clients(
                            Way.PLAIN,
                            sasl(
                                    "PLAIN",
                                    "plain.Plain",
                                    "username=\""
                                            + login.getValue()
                                            + "\" password=\""
                                            + login.getKey()
                                            + "\""));
            try (var logged = new Logged();
                    var admin = clients.admin("test")) {
                // When Then
                assertThat(admin.describeCluster().nodes().get(30, SECONDS)).hasSize(1);
                logged.hasNoSecrets(clients.config());
            }
        }
    }

    @Test
    void aSecretThatIsNotThereIsAClearError() {
        // Given
        var clients =
                clients(
                        Way.PLAIN,
                        sasl(
                                "PLAIN",
                                "plain.Plain",
                                "username=\"a\" password=\"${env:MILLRACE_NO_SUCH_SECRET}\""));

        // When Then
        assertThatThrownBy(() -> clients.admin("test"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "sasl.jaas.config: environment variable MILLRACE_NO_SUCH_SECRET: not set"
                                + " (expected: a value)");
    }

    private static KafkaClients clients(Way way, Map<String, String> settings) {
        return new KafkaClients(
                new KafkaConfig(
                        broker.bootstrapServers(way.name()),
                        settings,
                        1,
                        KafkaConfig.Durability.LENIENT,
                        Duration.ofSeconds(6)));
    }

    private static TopicsConfig topics(String name) {
        return TopicsConfig.embedded().withPrefix(name + "-");
    }

    private KafkaSpanSink sink(KafkaClients clients, TopicsConfig topics) {
        var sink = new KafkaSpanSink(clients, topics, SinkConfig.defaults(), registry);
        sink.start();
        return sink;
    }

    private Ingester ingester(KafkaClients clients, TopicsConfig topics, FakeTraceStore store) {
        var config =
                new IngesterConfig(
                        "secure",
                        "one",
                        IngesterConfig.Feed.SPANS,
                        ByteSize.parse("4KiB"),
                        Duration.ofMillis(50));
        var ingester = new Ingester(clients, topics, config, store, registry);
        ingester.start();
        return ingester;
    }

    /// What is logged by us and by Kafka's clients meanwhile, down to DEBUG.
    private static final class Logged extends AppenderBase<ILoggingEvent> implements AutoCloseable {

        private static final List<Logger> LOGGERS =
                List.of(
                        (Logger) LoggerFactory.getLogger("org.apache.kafka.clients"),
                        (Logger) LoggerFactory.getLogger("org.apache.kafka.common"),
                        (Logger) LoggerFactory.getLogger("dev.millrace"));

        /// Quiet otherwise.
        private static final Logger NETWORK =
                (Logger) LoggerFactory.getLogger("org.apache.kafka.clients.NetworkClient");

        private final Level networkLevel = NETWORK.getLevel();
        private final Queue<String> lines = new ConcurrentLinkedQueue<>();

        Logged() {
            start();
            NETWORK.setLevel(Level.DEBUG);
            LOGGERS.forEach(logger -> {
                logger.setLevel(Level.DEBUG);
                // Only to here: it is much, and nobody reads it elsewhere.
                logger.setAdditive(false);
                logger.addAppender(this);
            });
        }

        @Override
        protected void append(ILoggingEvent event) {
            lines.add(
                    event.getLoggerName()
                            + " "
                            + event.getFormattedMessage()
                            + " "
                            + event.getKeyValuePairs()
                            + (event.getThrowableProxy() == null
                                    ? ""
                                    : ThrowableProxyUtil.asString(event.getThrowableProxy())));
        }

        boolean contains(Class<?> by, String text) {
            return lines.stream()
                    .anyMatch(line -> line.startsWith(by.getName()) && line.contains(text));
        }

        void hasNoSecrets(KafkaConfig config) {
            assertThat(lines).hasSizeGreaterThan(10);
            assertThat(config.toString()).doesNotContain(SECRET, WRONG);
            assertThat(lines)
                    .noneMatch(line -> line.contains(SECRET))
                    .noneMatch(line -> line.contains(WRONG))
                    .noneMatch(line -> line.contains("password=\""))
                    .noneMatch(line -> line.contains(UNSIGNED_TOKEN));
        }

        @Override
        public void close() {
            NETWORK.setLevel(networkLevel);
            LOGGERS.forEach(logger -> {
                logger.detachAppender(this);
                logger.setAdditive(true);
                logger.setLevel(null);
            });
            stop();
        }
    }
}
