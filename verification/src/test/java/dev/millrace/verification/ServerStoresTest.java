package dev.millrace.verification;

import static dev.millrace.verification.Otlp.newTraceId;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.server.Commands;
import dev.millrace.testkit.CassandraServer;
import dev.millrace.testkit.search.SearchServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Millrace as a whole on the databases of others, and the way from one store to another.
class ServerStoresTest {

    @TempDir private Path directory;

    @Test
    void aTraceIsKeptInOpenSearchAndMovesToTheEmbeddedStore() throws Exception {
        var server = SearchServer.shared(SearchServer.Kind.OPENSEARCH);
        keptAndMoved(
                Map.of(
                        "storage.type", "elasticsearch",
                        "storage.elasticsearch.urls", server.uri().toString(),
                        "storage.elasticsearch.index-prefix", "whole",
                        "storage.elasticsearch.shards", "1",
                        "storage.elasticsearch.replicas", "0",
                        "storage.elasticsearch.layout", "rollover",
                        "storage.elasticsearch.roll-over.documents", "1",
                        "storage.elasticsearch.roll-over.interval", "1s"),
                "elasticsearch://" + server.uri().getAuthority() + "/whole",
                () -> rolledOver(server));
    }

    // By the schedule, as soon as there is something in the first.
    private static void rolledOver(SearchServer server) {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() ->
                        assertThat(server.indices("whole-jaeger-span-*"))
                                .contains("whole-jaeger-span-000002"));
    }

    @Tag("long")
    @Test
    void aTraceIsKeptInCassandraAndMovesToTheEmbeddedStore() throws Exception {
        var server = CassandraServer.shared();
        String at = "localhost:" + server.address().getPort();
        keptAndMoved(
                Map.of(
                        "storage.type",
                        "cassandra",
                        "storage.cassandra.contact-points",
                        at,
                        "storage.cassandra.keyspace",
                        "whole",
                        "storage.cassandra.username",
                        CassandraServer.USER,
                        "storage.cassandra.password",
                        CassandraServer.PASSWORD,
                        "storage.cassandra.certificate-authority",
                        server.authority().toString(),
                        "storage.cassandra.request-timeout",
                        "20s"),
                "cassandra://" + at + "/whole",
                () -> {},
                "--set",
                "storage.cassandra.username=" + CassandraServer.USER,
                "--set",
                "storage.cassandra.password=" + CassandraServer.PASSWORD,
                "--set",
                "storage.cassandra.certificate-authority=" + server.authority());
    }

    /// @param meanwhile what else is to be seen while it runs
    /// @param options of the command that copies
    private void keptAndMoved(
            Map<String, String> settings, String url, Runnable meanwhile, String... options)
            throws Exception {
        var traceId = newTraceId();
        try (var millrace = new RunningMillrace(directory, settings)) {
            // When
            millrace.start();
            for (long span = 1; span <= 2; span++) {
                var made = Otlp.span(traceId, span, "step " + span);
                var answer = millrace.post(PROTOBUF, Otlp.request(Otlp.of("moving", made)));
                assertThat(answer.statusCode()).isEqualTo(200);
            }

            // Then
            assertThat(millrace.awaitTrace(traceId, 2).spans()).hasSize(2);
            assertThat(millrace.search("moving", Map.of())).hasSize(1);
            meanwhile.run();
            millrace.stop();
        }

        // When
        var said = new StringWriter();
        var command = Commands.commandLine(Map.of()).setOut(new PrintWriter(said));
        var arguments =
                Stream.concat(
                        Stream.of(
                                "copy",
                                "--from",
                                url,
                                "--to",
                                "local://" + directory.resolve("moved"),
                                "--since",
                                "1h",
                                "--state",
                                directory.resolve("state").toString(),
                                "--set",
                                "storage.cassandra.request-timeout=20s",
                                "--set",
                                "storage.elasticsearch.layout=rollover",
                                "--verify"),
                        Stream.of(options));
        int code = command.execute(arguments.toArray(String[]::new));

        // Then
        assertThat(code).as("%s", said).isZero();
        assertThat(said.toString()).containsPattern("found again +1 +2\\b").contains("closes");
    }
}
