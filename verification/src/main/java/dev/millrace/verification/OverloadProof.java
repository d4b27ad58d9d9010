package dev.millrace.verification;

import dev.millrace.load.Protocol;
import dev.millrace.model.ByteSize;
import dev.millrace.verification.MillraceProcess.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// Offers a collector three times what a throttled broker takes, for two minutes, and tells what
/// became of it.
public final class OverloadProof {

    private static final double QUOTA = 500_000;
    private static final double FACTOR = 3;

    private OverloadProof() {}

    public static void main(String[] arguments) throws Exception {
        long seconds = arguments.length > 0 ? Long.parseLong(arguments[0]) : 120;
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1;
        var plan =
                new OverloadPlan(
                        QUOTA,
                        FACTOR,
                        Duration.ofSeconds(40),
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(seconds),
                        Duration.ofMinutes(2),
                        ByteSize.parse("64MiB"),
                        ByteSize.parse("64MiB"));
        Path directory = Files.createTempDirectory("millrace-overload-");
        OverloadReport report;
        try (var run =
                new OverloadRun(
                        directory,
                        Program.assembled(""),
                        plan,
                        List.of(Protocol.OTLP_GRPC, Protocol.OTLP_HTTP, Protocol.ZIPKIN_JSON),
                        seed)) {
            report = run.run();
        }
        System.out.print(report);
        if (report.passes()) {
            Start.delete(directory);
        }
        System.out.println(
                report.passes()
                        ? "Everything acknowledged is stored, and service is normal again."
                        : "FAILED, see " + directory);
        System.exit(report.passes() ? 0 : 1);
    }
}
