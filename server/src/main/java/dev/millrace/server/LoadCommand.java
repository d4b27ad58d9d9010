package dev.millrace.server;

import dev.millrace.load.LoadReport;
import dev.millrace.load.LoadRun;
import java.io.IOException;
import java.time.Clock;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace load`: sends generated traffic to any receiver of spans.
@Command(
        name = "load",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description =
                "Sends generated traces to a receiver of spans and reports what became of them.")
final class LoadCommand implements Callable<Integer> {

    private final Clock clock;

    @Mixin private final LoadOptions options = new LoadOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    LoadCommand(Clock clock) {
        this.clock = clock;
    }

    @Override
    public Integer call() throws Exception {
        var report = send();
        spec.commandLine().getOut().println(report);
        spec.commandLine().getOut().flush();
        return report.isComplete() ? 0 : Commands.FAILED;
    }

    private LoadReport send() throws IOException, InterruptedException {
        try (var line = LoadOptions.progress()) {
            var run = new LoadRun(options.config(), clock, System::nanoTime, line);
            Runtime.getRuntime().addShutdownHook(new Thread(run::stop, "stop"));
            return run.run();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
