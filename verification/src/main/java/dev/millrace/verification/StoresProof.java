package dev.millrace.verification;

import dev.millrace.testkit.search.SearchServer;
import dev.millrace.verification.MillraceProcess.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// Kills, stops, freezes and fills the server that Millrace stores in, under load, one kind of
/// server after the other, and counts what is missing or doubled in it afterwards.
///
/// With `elasticsearch-8.19` the suite of tests that every store passes runs against that server
/// first. It speaks TLS and asks who comes, so all of that goes through both.
public final class StoresProof {

    /// A kind of server; a further one is a constant here.
    private enum Kind {
        OPENSEARCH("opensearch", 1_000) {
            @Override
            StoreServer launch() {
                return SearchStoreServer.launch(SearchServer.Kind.OPENSEARCH);
            }
        },
        ELASTICSEARCH("elasticsearch", 1_000) {
            @Override
            StoreServer launch() {
                return SearchStoreServer.launch(SearchServer.Kind.ELASTICSEARCH);
            }
        },
        CASSANDRA("cassandra", 300) {
            @Override
            StoreServer launch() {
                return CassandraStoreServer.launch();
            }
        },
        ELASTICSEARCH_8("elasticsearch-8.19", 1_000) {
            @Override
            StoreServer launch() throws Exception {
                var distribution = ElasticsearchDistribution.unpacked();
                var server = SearchStoreServer.launch(distribution.directory());
                System.out.println(server.name() + ": " + StoreContract.run(server.server()));
                return server;
            }
        };

        private final String word;
        private final long rate;

        /// @param rate spans per second that two cores bear with the server on them as well
        Kind(String word, long rate) {
            this.word = word;
            this.rate = rate;
        }

        abstract StoreServer launch() throws Exception;

        static Kind of(String word) {
            return Arrays.stream(values())
                    .filter(kind -> kind.word.equals(word))
                    .findFirst()
                    .orElseThrow(() ->
                            new IllegalArgumentException(
                                    "run: "
                                            + word
                                            + " (expected: a seed, a rate such as 200/s, or some of "
                                            + Arrays.stream(values())
                                                    .map(kind -> kind.word)
                                                    .collect(Collectors.joining(", "))
                                            + ")"));
        }
    }

    private static final List<Kind> USUAL =
            List.of(Kind.OPENSEARCH, Kind.ELASTICSEARCH, Kind.CASSANDRA);

    private StoresProof() {}

    /// Arguments: which kinds, the seed of the load if not 1, and its rate if not the kind's, such
    /// as `200/s` for a machine that has others to serve.
    public static void main(String[] arguments) throws Exception {
        long seed = 1;
        long rate = 0;
        var kinds = new ArrayList<Kind>();
        for (String argument : arguments) {
            if (argument.matches("\\d+")) {
                seed = Long.parseLong(argument);
            } else if (argument.matches("[1-9]\\d*/s")) {
                rate = Long.parseLong(argument.substring(0, argument.length() - 2));
            } else {
                kinds.add(Kind.of(argument));
            }
        }
        boolean clean = true;
        for (var kind : kinds.isEmpty() ? USUAL : kinds) {
            clean &= passes(kind, rate == 0 ? kind.rate : rate, seed);
        }
        System.out.println(
                clean
                        ? "Everything acknowledged is stored, nothing twice, within its memory."
                        : "FAILED");
        System.exit(clean ? 0 : 1);
    }

    private static boolean passes(Kind kind, long rate, long seed) throws Exception {
        Path directory = Files.createTempDirectory("millrace-stores-");
        System.out.println(kind.word + ", seed " + seed + ": log and truth in " + directory);
        StoresReport report;
        try (var server = kind.launch();
                var run =
                        new StoresRun(
                                directory, Program.assembled("-Xmx512m"), server, rate, seed)) {
            report = run.run();
        }
        System.out.print(report);
        if (report.passes()) {
            Start.delete(directory);
        }
        return report.passes();
    }
}
