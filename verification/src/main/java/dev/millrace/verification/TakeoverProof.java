package dev.millrace.verification;

import java.nio.file.Files;
import java.time.Duration;

/// Kills two aggregators by turns, with a minute of silence in the middle of the log, and compares
/// what they wrote with a cold replay of the log and with one that stalls for a minute.
public final class TakeoverProof {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private TakeoverProof() {}

    public static void main(String[] arguments) throws Exception {
        int kills = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1;
        boolean same;
        try (var run = new TakeoverRun(Files.createTempDirectory("millrace-takeover-"), seed)) {
            long acknowledged = run.disturb(kills, MINUTE);
            run.replay("cold", Duration.ZERO, run.decisions());
            run.replay("stalled", MINUTE, run.decisions());
            var traces = run.traces();
            same = traces.equals(run.traces("cold")) && traces.equals(run.traces("stalled"));
            System.out.printf(
                    "%d kills, seed %d: %d spans acknowledged, %d decisions, %d bodies%n",
                    kills, seed, acknowledged, run.decisions(), traces.size());
        }
        System.out.println(
                same
                        ? "The replays wrote the same traces, byte for byte."
                        : "FAILED: they differ.");
        System.exit(same ? 0 : 1);
    }
}
