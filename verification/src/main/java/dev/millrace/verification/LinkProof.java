package dev.millrace.verification;

import dev.millrace.verification.LinkRun.Setup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// Makes the links between two edge sites and a center slow, lossy, silent and cut by turns, under
/// load, kills MirrorMaker 2, a site and the center, and holds what the center stores against what
/// the sites have acknowledged.
public final class LinkProof {

    /// Between MirrorMaker and a site, when nothing is wrong.
    private static final LinkQuality MEGABYTE = LinkQuality.of(1_000_000);

    private static final LinkQuality SLOW = LinkQuality.of(30_000);

    /// One piece of 8 KiB in 5 is held up, one in 100 breaks the connection.
    private static final LinkQuality LOSSY = MEGABYTE.losing(5, Duration.ofSeconds(2), 100);

    private static final Duration STEP = Duration.ofSeconds(20);
    private static final Duration MOMENT = Duration.ofSeconds(2);

    /// Longer than Kafka waits for the end of a transaction unless it is told to wait longer.
    private static final Duration TRANSACTION = Duration.ofSeconds(75);

    private LinkProof() {}

    /// Arguments: for how many seconds links are cut if not 45, a rate of the first site in spans
    /// per second if not 500, such as `300/s`, and a seed, such as `seed=7`, if not 1.
    public static void main(String[] arguments) throws Exception {
        var cut = Duration.ofSeconds(45);
        long rate = 500;
        long seed = 1;
        for (String argument : arguments) {
            if (argument.matches("[1-9]\\d*")) {
                cut = Duration.ofSeconds(Long.parseLong(argument));
            } else if (argument.matches("[1-9]\\d*/s")) {
                rate = Long.parseLong(argument.substring(0, argument.length() - 2));
            } else if (argument.matches("seed=\\d+")) {
                seed = Long.parseLong(argument.substring("seed=".length()));
            } else {
                throw new IllegalArgumentException(
                        argument
                                + " (expected: seconds, a rate such as 300/s, or a seed such as"
                                + " seed=7)");
            }
        }
        var directory = Files.createTempDirectory("millrace-link-");
        System.out.println("seed " + seed + ", logs and truth in " + directory);
        var setup =
                new Setup(
                        List.of("site-a", "site-b"), seed, rate, Duration.ofSeconds(15), MEGABYTE);
        boolean passes;
        try (var run =
                new LinkRun(
                        directory, Path.of("deploy/mirror-maker/mirror-maker.properties"), setup)) {
            run.start();
            run.load();
            System.out.print(LinkReport.stepHeads());
            steps(run, cut);
            var report = run.end();
            System.out.print(report);
            passes = report.passes();
            if (!passes) {
                System.out.print(run.tails());
            }
        }
        System.out.println(passes ? "All is at the center, once, and no trace is torn." : "FAILED");
        if (passes) {
            Start.delete(directory);
        }
        System.exit(passes ? 0 : 1);
    }

    private static void steps(LinkRun run, Duration cut) throws Exception {
        run.step("nothing: 1 MB/s", () -> {}, STEP, () -> {});
        run.step("slow: 30 kB/s", () -> run.become(SLOW), STEP, () -> {});
        run.step("lossy", () -> run.become(LOSSY), STEP, () -> {});
        run.step("cut", run::cut, cut, () -> {});
        run.step("silent", run::silence, cut, () -> {});
        run.step("MirrorMaker killed", run::killMirror, MOMENT, run::startMirror);
        run.step(
                "MirrorMaker killed, started while cut",
                () -> {
                    run.killMirror();
                    run.cut();
                    run.startMirror();
                },
                STEP,
                () -> {});
        run.step("site-a killed", run::killEdge, MOMENT, () -> {});
        run.step("center killed", run::killCenter, TRANSACTION, run::startCenter);
        run.step("nothing: 1 MB/s", () -> {}, STEP, () -> {});
    }
}
