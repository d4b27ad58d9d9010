package dev.millrace.verification;

import dev.millrace.verification.MillraceProcess.Program;
import java.nio.file.Files;

/// Fills an agent's disk and breaks it down, with collectors there and without, and tells what the
/// agent did about it and what became of the spans.
public final class DiskProof {

    private DiskProof() {}

    /// Arguments: spans per second.
    public static void main(String[] arguments) throws Exception {
        long rate = arguments.length > 0 ? Long.parseLong(arguments[0]) : 500;
        var directory = Files.createTempDirectory("millrace-agent-disk-");
        DiskRun.Outcome outcome;
        try (var run =
                new DiskRun(
                        directory, Program.assembled("-Xmx512m"), Program.assembled(""), rate)) {
            outcome = run.run();
        }
        System.out.print(outcome);
        if (outcome.passes()) {
            Start.delete(directory);
        }
        System.out.println(
                outcome.passes() ? "Every promise is kept." : "FAILED, see " + directory);
        System.exit(outcome.passes() ? 0 : 1);
    }
}
