package dev.millrace.verification;

import dev.millrace.verification.KafkaStoreRun.Setup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Kills instances and brokers of the store on Kafka under load, adds an instance and wipes a disk,
/// and counts how many questions failed meanwhile, for how long, and what is missing or miscounted
/// afterwards: once with `traces-complete` as what is stored, once with packed `spans`.
public final class KafkaStoreProof {

    private static final long RATE = 1_000;

    private KafkaStoreProof() {}

    /// Arguments: a seed if not 1, a rate in spans per second if not 1,000, such as `500/s`, and
    /// which of the set-ups if not all, such as `packed:spans` for keying and source.
    public static void main(String[] arguments) throws Exception {
        long seed = 1;
        long rate = RATE;
        var pairs = new ArrayList<String>();
        for (String argument : arguments) {
            if (argument.matches("\\d+")) {
                seed = Long.parseLong(argument);
            } else if (argument.matches("[1-9]\\d*/s")) {
                rate = Long.parseLong(argument.substring(0, argument.length() - 2));
            } else if (argument.matches("(trace-id|packed):(spans|traces-complete)")) {
                pairs.add(argument);
            } else {
                throw new IllegalArgumentException(
                        argument
                                + " (expected: a seed, a rate such as 200/s, or keying and source"
                                + " such as packed:spans)");
            }
        }
        if (pairs.isEmpty()) {
            pairs.addAll(List.of("trace-id:traces-complete", "packed:spans"));
        }
        boolean clean = true;
        for (String pair : pairs) {
            var words = Arrays.asList(pair.split(":", 2));
            clean &= passes(new Setup(words.getFirst(), words.getLast(), seed, rate));
        }
        System.out.println(
                clean
                        ? "No question failed, nothing is missing, all calls are counted once."
                        : "FAILED");
        System.exit(clean ? 0 : 1);
    }

    private static boolean passes(Setup setup) throws Exception {
        Path directory = Files.createTempDirectory("millrace-kafka-store-");
        System.out.println(
                setup.title()
                        + ", seed "
                        + setup.seed()
                        + ", "
                        + setup.rate()
                        + " spans/s: logs and truth in "
                        + directory);
        KafkaStoreReport report;
        try (var run = new KafkaStoreRun(directory, setup)) {
            report = run.run();
        }
        System.out.print(report);
        if (report.passes()) {
            Start.delete(directory);
        }
        return report.passes();
    }
}
