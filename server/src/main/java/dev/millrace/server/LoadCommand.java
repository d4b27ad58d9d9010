package dev.millrace.server;

import dev.millrace.load.LoadRun;
import dev.millrace.load.ProgressLine;
import java.time.Clock;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace load`: sends generated traffic to any OTLP receiver.
@Command(
        name = "load",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description = "Sends generated traces to an OTLP receiver and reports what became of them.")
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
        try (var line = new ProgressLine(System.out, System.console() != null)) {
            var run = new LoadRun(options.config(), clock, System::nanoTime, line);
            Runtime.getRuntime().addShutdownHook(new Thread(run::stop, "stop"));
            var report = run.run();
            line.close();
            spec.commandLine().getOut().println(report);
            spec.commandLine().getOut().flush();
            return report.isComplete() ? 0 : Commands.FAILED;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
