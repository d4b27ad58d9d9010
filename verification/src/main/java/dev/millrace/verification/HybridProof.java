package dev.millrace.verification;

import java.nio.file.Files;
import java.time.Duration;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Kills, stops and freezes aggregators and the store's process under load with sampling by
/// `hybrid`, a hundred times on ten logs, and compares verdicts and stored traces with those of
/// undisturbed readers of the same logs; before that, kills both aggregators within a minute of
/// pending traces.
public final class HybridProof {

    private static final int RUNS_PER_LOG = 10;
    private static final Duration QUIET = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private HybridProof() {}

    public static void main(String[] arguments) throws Exception {
        int runs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 100;
        long firstSeed = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1;
        System.out.println("| seed | spans acknowledged, decisions | faults, differences |");
        System.out.println("|-|-|-|");
        boolean same = pending(firstSeed - 1);
        for (long from = firstSeed; from < firstSeed + runs; from += RUNS_PER_LOG) {
            same &= onOneLog(from, Math.min(firstSeed + runs, from + RUNS_PER_LOG));
        }
        System.out.println(
                same
                        ? "Verdicts and stored traces are those of undisturbed readers."
                        : "FAILED: they differ.");
        System.exit(same ? 0 : 1);
    }

    private static boolean pending(long seed) throws Exception {
        var directory = Files.createTempDirectory("millrace-pending-");
        boolean same;
        try (var run = new HybridRun(directory, MINUTE)) {
            run.start();
            print(run.killWhilePending(seed, Duration.ofSeconds(10)));
            same = print(seed + ", a minute pending", run.compare());
        }
        if (same) {
            Start.delete(directory);
        }
        return same;
    }

    private static boolean onOneLog(long from, long to) throws Exception {
        var directory = Files.createTempDirectory("millrace-hybrid-");
        boolean same;
        try (var run = new HybridRun(directory, QUIET)) {
            run.start();
            for (long seed = from; seed < to; seed++) {
                print(run.disturb(seed));
            }
            same = print(from + " to " + (to - 1), run.compare());
        }
        if (same) {
            Start.delete(directory);
        }
        return same;
    }

    private static void print(HybridRun.Round round) {
        System.out.printf(
                "| %d | %d | %s |%n",
                round.seed(), round.acknowledged(), String.join(", ", round.faults()));
    }

    private static boolean print(String seeds, HybridRun.Outcome outcome) {
        String rules =
                new TreeMap<>(outcome.byRule())
                        .entrySet().stream()
                                .map(entry -> entry.getKey() + " " + entry.getValue())
                                .collect(Collectors.joining(", "));
        System.out.printf(
                "| **%s** | %d decisions (%s) by %d versions, %d brought back | %s |%n",
                seeds,
                outcome.decisions(),
                rules,
                outcome.versions(),
                outcome.broughtBack(),
                outcome.differences().isEmpty()
                        ? "none"
                        : String.join("; ", outcome.differences()));
        return outcome.differences().isEmpty();
    }
}
