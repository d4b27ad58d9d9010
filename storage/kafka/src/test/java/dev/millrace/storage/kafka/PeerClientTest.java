package dev.millrace.storage.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.Server;
import dev.millrace.model.Tenant;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// How an instance goes about asking others.
final class PeerClientTest {

    @Test
    void asksAnInstanceEverythingOverOneConnection() {
        // Given
        try (var other =
                        Server.builder()
                                .http(0)
                                .serviceUnder("/", (_, _) -> HttpResponse.of("no instance"))
                                .build();
                var client = new PeerClient(PeerConfig.plain(null, 0, null))) {
            other.start().join();
            var peer = new Peer("127.0.0.1", other.activeLocalPort());

            // When
            var inquiries = IntStream.range(0, 100).mapToObj(_ -> ask(client, peer)).toList();

            // Then
            for (var inquiry : inquiries) {
                assertThatThrownBy(() -> inquiry.reply().join())
                        .isInstanceOf(CompletionException.class)
                        .hasMessageContaining("gave an answer that makes no sense");
            }
            assertThat(other.numConnections()).isEqualTo(1);
        }
    }

    private static Inquiry<List<String>> ask(PeerClient client, Peer peer) {
        return client.ask(
                peer,
                "spans",
                List.of(0),
                new ServicesQuestion(Tenant.DEFAULT),
                Duration.ofSeconds(60));
    }
}
