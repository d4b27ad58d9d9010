package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.server.Commands;
import dev.millrace.testkit.search.SearchServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What `millrace indices` does to a server.
class IndicesCommandTest {

    private final SearchServer server = SearchServer.shared(SearchServer.Kind.OPENSEARCH);

    @AfterEach
    void removeIndices() {
        server.deleteIndices("by-command-*");
    }

    /// Returns the lines it prints.
    private List<String> indices(String... arguments) {
        var all = new ArrayList<>(List.of("indices"));
        all.addAll(List.of(arguments));
        Map.of(
                        "urls", server.uri().toString(),
                        "index-prefix", "by-command",
                        "layout", "rollover",
                        "shards", "1",
                        "replicas", "0")
                .forEach((key, value) -> {
                    all.add("--set");
                    all.add("storage.elasticsearch." + key + "=" + value);
                });
        var out = new StringWriter();
        var err = new StringWriter();
        int code =
                Commands.commandLine(Map.of())
                        .setOut(new PrintWriter(out))
                        .setErr(new PrintWriter(err, true))
                        .execute(all.toArray(String[]::new));
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        return out.toString().lines().toList();
    }

    private static List<String> numbered(String who, int number) {
        return List.of("span", "service", "dependencies").stream()
                .map(kind -> "by-command-%sjaeger-%s-%06d".formatted(who, kind, number))
                .toList();
    }

    @Test
    void preparesRollsOverAndDropsIndices() {
        // When, then: what is there is left alone
        assertThat(indices("prepare")).isEmpty();
        assertThat(indices("prepare")).isEmpty();
        assertThat(server.indices("by-command-*"))
                .containsExactlyInAnyOrderElementsOf(numbered("", 1));
        assertThat(server.request("GET", "/_template/by-command-jaeger-span", ""))
                .contains("by-command-jaeger-span-*");

        // When, then: nothing is old or full, and then everything is
        assertThat(indices("roll-over")).isEmpty();
        assertThat(indices("roll-over", "--age", "0s")).isEqualTo(numbered("", 2));

        // When, then: what is written to stays
        assertThat(indices("drop", "--older-than", "1h")).isEmpty();
        assertThat(indices("drop", "--older-than", "0s"))
                .containsExactlyInAnyOrderElementsOf(numbered("", 1));
        assertThat(server.indices("by-command-*"))
                .containsExactlyInAnyOrderElementsOf(numbered("", 2));
    }

    @Test
    void rollsOverOneTenantOrAll() {
        // Given
        indices("prepare");
        indices("prepare", "--tenant", "acme");

        // When
        var one = indices("roll-over", "--age", "0s", "--tenant", "acme");
        var all = indices("roll-over", "--age", "0s", "--all-tenants");

        // Then
        assertThat(one).isEqualTo(numbered("acme-", 2));
        var both = new ArrayList<>(numbered("", 2));
        both.addAll(numbered("acme-", 3));
        assertThat(all).containsExactlyInAnyOrderElementsOf(both);
    }
}
