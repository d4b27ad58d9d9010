package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.server.Commands;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/// The compose file says nothing that the program does not know.
final class ComposeTest {

    private static final Set<String> FIELDS =
            Set.of(
                    "cap_drop",
                    "command",
                    "depends_on",
                    "environment",
                    "hostname",
                    "image",
                    "mem_limit",
                    "ports",
                    "profiles",
                    "read_only",
                    "restart",
                    "security_opt",
                    "stop_grace_period",
                    "tmpfs",
                    "volumes");

    // Jackson reads no merge keys.
    private static final JsonNode FILE =
            new ObjectMapper()
                    .valueToTree(
                            new Yaml(new SafeConstructor(new LoaderOptions()))
                                    .load(
                                            Repository.read(
                                                    Repository.ROOT.resolve(
                                                            "deploy/compose/compose.yaml"))));

    static Stream<Map.Entry<String, JsonNode>> services() {
        return FILE.path("services").properties().stream();
    }

    @ParameterizedTest
    @MethodSource("services")
    void everyServiceRunsACommandWithSettingsThatThereAre(Map.Entry<String, JsonNode> service) {
        // Given
        var fields = new HashSet<String>();
        service.getValue().fieldNames().forEachRemaining(fields::add);
        var environment = new TreeMap<String, String>();
        service.getValue()
                .path("environment")
                .properties()
                .forEach(entry -> environment.put(entry.getKey(), entry.getValue().asText()));
        var said = new StringWriter();

        // When
        int code =
                Commands.commandLine(environment)
                        .setOut(new PrintWriter(new StringWriter()))
                        .setErr(new PrintWriter(said, true))
                        .execute("config");

        // Then
        assertThat(fields).isSubsetOf(FIELDS);
        assertThat(Commands.names()).contains(service.getValue().at("/command/0").asText());
        assertThat(code).as(said.toString()).isZero();
        assertThat(service.getValue().path("read_only").asBoolean()).isTrue();
        assertThat(service.getValue().path("volumes"))
                .allMatch(volume -> volume.asText().endsWith(":/var/lib/millrace"));
    }

    @Test
    void itsPortsAreThoseOfTheProgram() throws ConfigException {
        // Given
        var config = new ConfigSources().load().values();
        var ports =
                FILE.at("/services/millrace/ports").valueStream().map(JsonNode::asText).toList();

        // Then
        assertThat(ports)
                .contains("127.0.0.1:%1$d:%1$d".formatted(config.health().port()))
                .contains("127.0.0.1:%1$d:%1$d".formatted(config.metrics().port()))
                .contains(
                        "127.0.0.1:%1$d-%2$d:%1$d-%2$d"
                                .formatted(config.query().grpcPort(), config.query().port()));
    }
}
