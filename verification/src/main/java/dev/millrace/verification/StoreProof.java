package dev.millrace.verification;

import java.nio.file.Files;
import java.nio.file.Path;

/// Kills the embedded store two hundred times while it writes, ten times in each data directory,
/// and looks for anything lost, altered, doubled or unsound afterwards.
public final class StoreProof {

    private static final int KILLS_PER_DIRECTORY = 10;

    private StoreProof() {}

    /// Arguments: how many kills, and the seed of the first, to see again what a seed has shown.
    public static void main(String[] arguments) throws Exception {
        int kills = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 200;
        long begin = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1;
        long end = begin + kills - 1;
        boolean clean = true;
        System.out.println("| seeds | acknowledged fragments | findings |");
        System.out.println("|-|--:|-|");
        for (long first = begin; first <= end; first += KILLS_PER_DIRECTORY) {
            long last = Math.min(end, first + KILLS_PER_DIRECTORY - 1);
            Path directory = Files.createTempDirectory("millrace-store-");
            var run = new StoreKillRun(directory);
            long acknowledged = 0;
            int findings = 0;
            for (long seed = first; seed <= last; seed++) {
                var outcome = run.kill(seed);
                acknowledged = outcome.acknowledged();
                findings += outcome.findings().size();
                outcome.findings()
                        .forEach(finding -> System.out.println(outcome.seed() + ": " + finding));
            }
            System.out.printf("| %d to %d | %,d | %d |%n", first, last, acknowledged, findings);
            clean &= findings == 0;
            if (findings == 0) {
                Start.delete(directory);
            } else {
                System.out.println("kept: " + directory);
            }
        }
        System.out.println(clean ? "Nothing lost, altered, doubled or unsound." : "FAILED");
        System.exit(clean ? 0 : 1);
    }
}
