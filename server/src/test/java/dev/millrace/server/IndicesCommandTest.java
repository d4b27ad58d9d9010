package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `millrace indices` says before it asks a server anything.
final class IndicesCommandTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int indices(String... arguments) {
        var all = new ArrayList<>(List.of("indices"));
        all.addAll(List.of(arguments));
        return Commands.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(all.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    prepare --tenant a/b                | --tenant: tenant: "a/b" (expected: 1 to 64
                    roll-over --tenant a/b              | --tenant: tenant: "a/b" (expected: 1 to 64
                    roll-over --age soon                | --age: "soon" (expected: a number and ms
                    roll-over --documents 0             | --documents: 0 (expected: >= 1)
                    roll-over --documents many          | Invalid value for option '--documents'
                    roll-over --tenant a --all-tenants  | --all-tenants: given besides --tenant
                    drop                                | Missing required option: '--older-than
                    drop --older-than 14                | --older-than: "14" (expected: a number and
                    begin                               | Unmatched argument
                    """)
    void argumentsThatAreOfNoUseAreRefusedByName(String arguments, String complaint) {
        assertThat(indices(arguments.split(" "))).isEqualTo(2);
        assertThat(err.toString()).contains(complaint);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aCommandMustFollow() {
        assertThat(indices()).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("A command is missing: prepare, roll-over or drop.")
                .contains("prepare", "roll-over", "drop");
    }

    @Test
    void daysAreNotRolledOver() {
        assertThat(indices("roll-over")).isEqualTo(1);
        assertThat(err.toString()).contains("the layout is DAILY (expected: ROLLOVER)");
    }

    @Test
    void serversThatAreAwayAreToldOf() {
        // When: nobody listens at port 1
        int code = indices("prepare", "--set", "storage.elasticsearch.urls=http://127.0.0.1:1");

        // Then
        assertThat(code).isEqualTo(1);
        assertThat(err.toString()).startsWith("millrace: ").contains("127.0.0.1:1");
    }

    @ParameterizedTest
    @CsvSource({
        "interval, 1ms, (expected: 1s to 1d)",
        "age, 1m, (expected: at least the interval",
        "documents, 0, (expected: a whole number from 1",
    })
    void aScheduleOfNoUseIsAConfigurationThatCannotBeUsed(
            String key, String value, String complaint) {
        String setting = "storage.elasticsearch.roll-over." + key;
        assertThat(indices("prepare", "--set", setting + "=" + value)).isEqualTo(2);
        assertThat(err.toString()).contains(setting).contains(complaint);
    }
}
