package dev.millrace.server;

import dev.millrace.server.config.ConfigException;
import java.time.Clock;
import java.util.Map;
import java.util.TreeSet;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The command line: `millrace up`, one command for each role, and what helps to set them up.
///
/// Exit codes are 0 for success, 1 for a failure, and 2 for a command line or a configuration that
/// cannot be used.
@Command(
        name = "millrace",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description = "A Kafka-native distributed tracing backend.",
        commandListHeading = "%nCommands:%n",
        footer = "%nmillrace COMMAND --help says more about a command.")
public final class Commands implements Runnable {

    static final int FAILED = 1;
    static final int UNUSABLE = 2;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    Commands() {}

    /// The command line, ready to be executed.
    ///
    /// @param environment where `MILLRACE_…` variables are looked up
    public static CommandLine commandLine(Map<String, String> environment) {
        var clock = Clock.systemUTC();
        var line = new CommandLine(new Commands());
        line.addSubcommand("up", new UpCommand(environment, clock, Role.together()));
        for (var role : Role.values()) {
            var one = new CommandLine(new RoleCommand(environment, clock, role));
            one.getCommandSpec().usageMessage().description(role.description());
            line.addSubcommand(role.toString(), one);
        }
        line.addSubcommand("demo", new DemoCommand(environment, clock));
        line.addSubcommand("load", new LoadCommand(clock));
        line.addSubcommand("audit", new AuditCommand(environment, clock));
        line.addSubcommand("dead-letters", new DeadLettersCommand(environment, clock));
        line.addSubcommand("copy", new CopyCommand(environment, clock));
        line.addSubcommand("indices", new IndicesCommand(environment, clock));
        line.addSubcommand("config", new ConfigCommand(environment));
        line.addSubcommand("warmup", new WarmupCommand(clock));
        line.setExecutionExceptionHandler((failure, at, _) -> explain(failure, at));
        return line;
    }

    /// The names of the commands people are meant to use.
    public static Iterable<String> names() {
        var names = new TreeSet<String>();
        commandLine(Map.of())
                .getSubcommands()
                .forEach((name, command) -> {
                    if (!command.getCommandSpec().usageMessage().hidden()) {
                        names.add(name);
                    }
                });
        return names;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing.");
    }

    private static int explain(Exception failure, CommandLine at) throws Exception {
        return switch (failure) {
            case ConfigException unusable -> {
                unusable.problems().forEach(at.getErr()::println);
                yield UNUSABLE;
            }
            case StartException start -> {
                at.getErr().println("millrace: " + start.getMessage());
                yield FAILED;
            }
            default -> throw failure;
        };
    }

    /// The version for `--version`.
    static final class FromJar implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {
                "millrace " + Version.text(), "Java " + Runtime.version(),
            };
        }
    }
}
