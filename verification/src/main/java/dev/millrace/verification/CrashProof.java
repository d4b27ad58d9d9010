package dev.millrace.verification;

import java.nio.file.Files;
import java.util.List;
import java.util.stream.LongStream;

/// Kills a whole Millrace under load a hundred times, on ten data directories, and counts what is
/// missing, doubled or altered afterwards.
public final class CrashProof {

    private static final int KILLS_PER_DIRECTORY = 10;

    private CrashProof() {}

    public static void main(String[] arguments) throws Exception {
        int kills = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 100;
        boolean clean = true;
        System.out.println("| seeds | acknowledged spans | difference |");
        System.out.println("|-|-|-|");
        for (long first = 1; first <= kills; first += KILLS_PER_DIRECTORY) {
            long last = Math.min(kills, first + KILLS_PER_DIRECTORY - 1);
            List<Long> seeds = LongStream.rangeClosed(first, last).boxed().toList();
            var run = new CrashRun(Files.createTempDirectory("millrace-crash-"));
            var comparisons = run.run(seeds);
            for (int i = 0; i < seeds.size(); i++) {
                clean &= comparisons.get(i).isClean();
                System.out.printf(
                        "| %d | %d | %s |%n",
                        seeds.get(i), run.acknowledged(seeds.get(i)), comparisons.get(i));
            }
        }
        System.out.println(clean ? "Nothing lost, doubled or altered." : "FAILED");
        System.exit(clean ? 0 : 1);
    }
}
