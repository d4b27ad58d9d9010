package dev.millrace.verification;

import dev.millrace.testkit.search.SearchServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// The tests that every store passes, against an Elasticsearch that runs.
final class StoreContract {

    private static final Pattern TOTAL =
            Pattern.compile(
                    "Tests run: (\\d+), Failures: 0, Errors: 0, Skipped: 0(?!, Time elapsed)");

    private static final long MINUTES = 15;

    private StoreContract() {}

    /// Runs them, as Maven does, in a process of its own.
    ///
    /// @return how many there were
    /// @throws IllegalStateException when not all passed
    static String run(SearchServer server) throws IOException, InterruptedException {
        var command =
                new ArrayList<>(
                        List.of(
                                "./mvnw",
                                "-B",
                                "-ntp",
                                "-pl",
                                "storage/elasticsearch",
                                "-am",
                                "-Dtest=ElasticsearchContractTest,"
                                        + "ElasticsearchSharedIndicesTest,GuardedServerTest",
                                "-Dsurefire.failIfNoSpecifiedTests=false",
                                "-Dmillrace.testkit.elasticsearch=" + server.uri()));
        server.login()
                .map(SearchServer.Login::properties)
                .orElse(Map.of())
                .forEach((name, value) -> command.add("-D" + name + "=" + value));
        command.add("test");
        var maven = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> said;
        try (var output = maven.inputReader()) {
            said = output.readAllLines();
        }
        if (!maven.waitFor(MINUTES, TimeUnit.MINUTES)) {
            maven.destroyForcibly();
        }
        String total =
                said.stream()
                        .map(TOTAL::matcher)
                        .filter(found -> found.find())
                        .map(found -> found.group(1))
                        .reduce((_, last) -> last)
                        .orElse("");
        if (maven.isAlive() || maven.exitValue() != 0 || total.isEmpty()) {
            throw new IllegalStateException(
                    "the suite of stores does not pass:\n"
                            + String.join(
                                    "\n",
                                    said.subList(Math.max(0, said.size() - 60), said.size())));
        }
        return total + " tests of the suite of stores passed";
    }
}
