package dev.millrace.collector;

import static dev.millrace.collector.SourceFixture.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.testkit.RabbitMqServer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import zipkin2.reporter.Encoding;
import zipkin2.reporter.amqp.RabbitMQSender;

/// Reads from a real RabbitMQ what Zipkin's sender puts there.
@Timeout(120)
final class RabbitMqSourceTest {

    private static final RabbitMqServer SERVER = RabbitMqServer.launch();

    private final SourceFixture fixture = new SourceFixture();
    private final String queue = "zipkin-" + System.identityHashCode(this);

    @AfterAll
    static void close() {
        SERVER.close();
    }

    private RabbitMqSource source() {
        return new RabbitMqSource(
                new RabbitMqConfig(
                        List.of("127.0.0.1:1", SERVER.address()),
                        "/",
                        "guest",
                        "guest",
                        false,
                        queue,
                        1,
                        8,
                        Duration.ofSeconds(5),
                        Tenant.DEFAULT),
                fixture.intake,
                fixture.deadLetters(),
                fixture.meters);
    }

    private void send(String... names) throws Exception {
        try (var sender =
                RabbitMQSender.newBuilder()
                        .addresses(SERVER.address())
                        .queue(queue)
                        .encoding(Encoding.JSON)
                        .build()) {
            for (String name : names) {
                sender.send(
                        List.of(
                                name.equals("poison")
                                        ? "{".getBytes(UTF_8)
                                        : SourceFixture.zipkin(name)));
            }
        }
    }

    @Test
    void takesWhatZipkinsSenderSendsWhateverTheSinkRefuses() throws Exception {
        // Given
        fixture.refuse(3);
        try (var source = source()) {
            source.start();
            eventually(() -> assertThat(source.healthy()).isTrue());

            // When
            send("one", "poison", "two");

            // Then
            eventually(() -> assertThat(fixture.names()).containsExactly("one", "two"));
            eventually(() -> assertThat(fixture.letters()).hasSize(1));
        }
    }

    @Test
    void acknowledgesNothingEarly() throws Exception {
        // Given
        var held = fixture.sink.holdNext();
        try (var source = source()) {
            source.start();
            eventually(() -> assertThat(source.healthy()).isTrue());
            send("kept");
            eventually(() -> assertThat(held.asked()).isDone());
        }

        // When
        try (var next = source()) {
            next.start();

            // Then
            eventually(() -> assertThat(fixture.names()).containsExactly("kept"));
        }
    }

    @Test
    void comesBackAfterTheBrokerDied() throws Exception {
        // Given
        try (var source = source()) {
            source.start();
            eventually(() -> assertThat(source.healthy()).isTrue());

            // When
            SERVER.kill();
            eventually(() -> assertThat(source.healthy()).isFalse());
            SERVER.start();

            // Then
            eventually(() -> assertThat(source.healthy()).isTrue());
            send("later");
            eventually(() -> assertThat(fixture.names()).containsExactly("later"));
        }
    }
}
