package dev.millrace.verification;

import dev.millrace.verification.AgentRun.Times;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Locale;

/// Cuts the link between an agent and its collector for ten minutes, or as many as the first
/// argument says, at 5,000 spans a second, kills the agent meanwhile, and holds what is stored
/// against what was acknowledged. Fails when a span is missing, doubled or altered, when the agent
/// ever took more than 150 MB of memory, or longer than 2 s to be ready.
public final class AgentProof {

    static final long MOST_MEGABYTES = 150;
    static final long LONGEST_START_MILLIS = 2_000;
    private static final long SPANS_PER_SECOND = 5_000;
    private static final Duration BEFORE = Duration.ofSeconds(20);
    private static final Duration AFTER = Duration.ofSeconds(20);

    private AgentProof() {}

    public static void main(String[] arguments) throws Exception {
        double minutes = arguments.length > 0 ? Double.parseDouble(arguments[0]) : 10;
        var cut = Duration.ofMillis((long) (minutes * 60_000));
        var directory = Files.createTempDirectory("millrace-agent-");
        AgentRun.Outcome outcome;
        try (var run =
                new AgentRun(
                        directory,
                        MillraceProcess.Program.assembled("-Xmx1g"),
                        MillraceProcess.Program.assembled(""))) {
            run.start();
            outcome =
                    run.run(
                            1,
                            SPANS_PER_SECOND,
                            new Times(BEFORE, cut, AFTER),
                            Duration.ofMinutes(5).plus(cut.multipliedBy(2)));
        }
        System.out.printf(
                Locale.ROOT,
                """
                | | |
                |-|-|
                | link cut | %.1f min, agent killed in the middle |
                | load | %d spans/s asked for |
                | spans acknowledged | %d |
                | stored | %s |
                | most on disk | %.1f MB |
                | disk empty after | %.1f s |
                | start after the kill | %d ms (promised: at most %d) |
                | most memory (VmHWM) | %d MB (promised: at most %d) |
                """,
                minutes,
                SPANS_PER_SECOND,
                outcome.acknowledged(),
                outcome.comparison(),
                outcome.spooledBytes() / 1e6,
                outcome.drained().toMillis() / 1e3,
                outcome.startMillis(),
                LONGEST_START_MILLIS,
                outcome.mostMegabytes(),
                MOST_MEGABYTES);
        boolean kept =
                outcome.comparison().isClean()
                        && outcome.mostMegabytes() <= MOST_MEGABYTES
                        && outcome.startMillis() <= LONGEST_START_MILLIS;
        System.out.println(kept ? "Every promise is kept." : "FAILED");
        if (kept) {
            Start.delete(directory);
        }
        System.exit(kept ? 0 : 1);
    }
}
