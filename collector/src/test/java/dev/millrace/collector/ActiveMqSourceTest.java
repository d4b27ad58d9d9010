package dev.millrace.collector;

import static dev.millrace.collector.SourceFixture.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Tenant;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.broker.BrokerService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Reads from a real ActiveMQ messages as Zipkin's sender makes them.
@Timeout(60)
final class ActiveMqSourceTest {

    private final SourceFixture fixture = new SourceFixture();
    private final BrokerService broker = new BrokerService();
    private String url = "";

    @BeforeEach
    void open() throws Exception {
        broker.setBrokerName("test-" + System.identityHashCode(this));
        broker.setPersistent(false);
        broker.setUseJmx(false);
        broker.setUseShutdownHook(false);
        var connector = broker.addConnector("tcp://127.0.0.1:0");
        broker.start();
        broker.waitUntilStarted();
        url = "tcp://127.0.0.1:" + connector.getConnectUri().getPort();
    }

    @AfterEach
    void close() throws Exception {
        broker.stop();
    }

    private ActiveMqSource source() {
        return new ActiveMqSource(
                new ActiveMqConfig(url, "", "", "zipkin", 1, 8, Tenant.DEFAULT),
                fixture.intake,
                fixture.deadLetters(),
                fixture.meters);
    }

    // The published sender speaks JMS 1.1 and cannot share a class path with the client of ours;
    // these are its messages.
    private void send(byte[]... bodies) throws Exception {
        try (var connection = new ActiveMQConnectionFactory(url).createQueueConnection();
                var session = connection.createQueueSession(false, 1)) {
            connection.start();
            var sender = session.createSender(session.createQueue("zipkin"));
            for (byte[] body : bodies) {
                var message = session.createBytesMessage();
                message.writeBytes(body);
                sender.send(message);
            }
            sender.send(
                    session.createTextMessage(new String(SourceFixture.zipkinList("text"), UTF_8)));
        }
    }

    @Test
    void takesEveryMessageWhateverTheSinkRefuses() throws Exception {
        // Given
        fixture.refuse(3);
        try (var source = source()) {
            source.start();

            // When
            send(
                    SourceFixture.zipkinList("one"),
                    "poison".getBytes(UTF_8),
                    SourceFixture.zipkinList("two"));

            // Then
            eventually(() -> assertThat(fixture.names()).containsExactly("one", "text", "two"));
            eventually(() -> assertThat(fixture.letters()).hasSize(1));
            assertThat(source.healthy()).isTrue();
        }
    }

    @Test
    void acknowledgesNothingEarly() throws Exception {
        // Given
        var held = fixture.sink.holdNext();
        try (var source = source()) {
            source.start();
            send(SourceFixture.zipkinList("kept"));
            eventually(() -> assertThat(held.asked()).isDone());
        }

        // When
        try (var next = source()) {
            next.start();

            // Then
            eventually(() -> assertThat(fixture.names()).containsExactly("kept", "text"));
        }
    }

    @Test
    void acceptsNoCredentialsInTheUrlAndShowsNone() {
        // Then
        assertThatThrownBy(() ->
                        new ActiveMqConfig(
                                "tcp://me:hush@host:1", "", "", "zipkin", 1, 8, Tenant.DEFAULT))
                .hasMessageNotContaining("hush");
        assertThat(
                        new ActiveMqConfig(
                                        "failover:(ssl://a:1,ssl://b:2)",
                                        "me",
                                        "hush",
                                        "zipkin",
                                        1,
                                        8,
                                        Tenant.DEFAULT)
                                .toString())
                .contains("a:1", "b:2")
                .doesNotContain("hush");
    }
}
