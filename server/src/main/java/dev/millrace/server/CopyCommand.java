package dev.millrace.server;

import dev.millrace.model.Tenant;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.Durations;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.copy.Copy;
import dev.millrace.server.copy.CopyPlan;
import dev.millrace.server.copy.CopyProgress;
import dev.millrace.server.copy.CopyReport;
import dev.millrace.server.copy.Pace;
import dev.millrace.storage.api.StoreException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace copy`: traces and figures from one store to another.
@Command(
        name = "copy",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description = {
            "Copies traces of a range of time from one store to another, and the figures of services"
                    + " where both keep them.",
            "What is in the target already stays. A copy that is broken off goes on where it stood"
                    + " when the command is given again.",
            "Exits with 0 when everything that was read is in the target, and with 1 when it is"
                    + " not."
        })
final class CopyCommand implements Callable<Integer> {

    private static final Duration EVERY = Duration.ofSeconds(10);

    private final Map<String, String> environment;
    private final Clock clock;

    @Mixin private final ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--from",
            required = true,
            paramLabel = "URL",
            description = "The source: " + StoreAddress.EXPECTED + ".")
    private String from = "";

    @Option(
            names = "--to",
            required = true,
            paramLabel = "URL",
            description = "The target, written the same.")
    private String to = "";

    @Option(
            names = "--since",
            paramLabel = "TIME",
            defaultValue = "30d",
            description =
                    "Traces with a span that started then or later: how long ago, such as 12h or"
                            + " 30d, or a time such as 2026-09-01T12:00:00Z (default:"
                            + " ${DEFAULT-VALUE}).")
    private String since = "30d";

    @Option(
            names = "--until",
            paramLabel = "TIME",
            defaultValue = "0s",
            description = "... and before this, written the same (default: now).")
    private String until = "0s";

    @Option(
            names = "--tenant",
            paramLabel = "NAME",
            description = "Whose traces; repeatable (default: those of the tenant default).")
    private List<String> tenants = List.of();

    @Option(
            names = "--rate",
            paramLabel = "SPANS",
            defaultValue = "0",
            description = "At most so many spans a second; 0 for no bound (default: 0).")
    private long rate;

    @Option(
            names = "--page",
            paramLabel = "TRACES",
            defaultValue = "200",
            description = "How many traces to read at once (default: ${DEFAULT-VALUE}).")
    private int page = 200;

    @Option(
            names = "--state",
            paramLabel = "FILE",
            defaultValue = "millrace-copy.state",
            description =
                    "Keeps where the copy stands, until it is complete (default:"
                            + " ${DEFAULT-VALUE}).")
    private Path state = Path.of("millrace-copy.state");

    @Option(
            names = "--verify",
            description = "Reads both stores once more afterwards and looks for every span.")
    private boolean verify;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    CopyCommand(Map<String, String> environment, Clock clock) {
        this.environment = environment;
        this.clock = clock;
    }

    @Override
    public Integer call() throws ConfigException, StartException, IOException {
        var config = options.load(environment).values();
        var source = address("--from", from);
        var target = address("--to", to);
        var out = spec.commandLine().getOut();
        try {
            var plan = plan(source, target);
            out.println("Copying what started from " + plan.since() + " until " + plan.until());
            out.flush();
            var report = copy(plan, source, target, config, new Line(out));
            out.print(report.text());
            out.flush();
            return report.balances() ? 0 : Commands.FAILED;
        } catch (StoreException e) {
            throw new StartException(
                    "a store fails: "
                            + e.getMessage()
                            + " (the copy goes on where it stood when the command is given again)",
                    e);
        } catch (IOException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        }
    }

    private CopyReport copy(
            CopyPlan plan,
            StoreAddress source,
            StoreAddress target,
            MillraceConfig config,
            Line line)
            throws StartException, IOException {
        var meters = new SimpleMeterRegistry();
        try (var reading = Stores.open(source, config, meters);
                var writing = Stores.open(target, config, meters)) {
            Pace.Pause pause = time -> LockSupport.parkNanos(time.toNanos());
            var pace = new Pace(rate, System::nanoTime, pause);
            return new Copy(plan, reading, writing, state, pace, pause, line::show).run(verify);
        } finally {
            line.end();
        }
    }

    private StoreAddress address(String option, String url) {
        try {
            return StoreAddress.parse(url);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), option + ": " + e.getMessage(), e);
        }
    }

    /// That of the state file where there is one: what is meant by now has changed since.
    private CopyPlan plan(StoreAddress source, StoreAddress target) throws IOException {
        var whose =
                tenants.isEmpty()
                        ? List.of(Tenant.DEFAULT)
                        : tenants.stream().map(Tenant::new).toList();
        try {
            var begun = Copy.begun(state);
            var now = clock.instant();
            return new CopyPlan(
                    source.toString(),
                    target.toString(),
                    whose,
                    begun.isPresent() ? begun.get().since() : time(now, "--since", since),
                    begun.isPresent() ? begun.get().until() : time(now, "--until", until),
                    begun.isPresent() ? begun.get().pageTraces() : page);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private static Instant time(Instant now, String option, String text) {
        try {
            return text.contains("T") ? Instant.parse(text) : now.minus(Durations.parse(text));
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new IllegalArgumentException(
                    option
                            + ": \""
                            + text
                            + "\" (expected: how long ago, such as 30d, or a time such as"
                            + " 2026-09-01T12:00:00Z)",
                    e);
        }
    }

    /// Progress for people: a bar where somebody watches, else a line now and then.
    private static final class Line {

        // A line that wrapped could not be renewed, so a narrow terminal cuts it instead.
        private static final String START = "\r\u001b[?7l";
        private static final String END = "\u001b[K\u001b[?7h";

        private final PrintWriter out;
        private final boolean terminal;
        private long next = System.nanoTime();
        private boolean open;

        @SuppressWarnings("SystemConsoleNull") // It is null again from 25 on, where nobody watches.
        Line(PrintWriter out) {
            var console = System.console();
            this.out = out;
            terminal = console != null && console.isTerminal();
        }

        void show(CopyProgress progress) {
            if (terminal) {
                out.print(START + progress.bar() + END);
                open = true;
            } else if (System.nanoTime() - next >= 0) {
                next = System.nanoTime() + EVERY.toNanos();
                out.println(progress);
            }
            out.flush();
        }

        /// What follows starts a new line.
        void end() {
            if (open) {
                out.println();
                open = false;
            }
        }
    }
}
