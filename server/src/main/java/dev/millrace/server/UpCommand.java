package dev.millrace.server;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// `millrace up`: all roles, or several of them, in this process.
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description =
                "Runs all roles but the agent in this process, with the embedded broker and store;"
                        + " with --profile edge, broker and collector alone.")
final class UpCommand implements Callable<Integer> {

    private final Map<String, String> environment;
    private final Clock clock;
    private final Set<Role> all;

    @Mixin private final ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--roles",
            paramLabel = "ROLE",
            split = ",",
            converter = ToRole.class,
            description = "Runs only these, with commas between: ${COMPLETION-CANDIDATES}.",
            completionCandidates = RoleNames.class)
    private List<Role> roles = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    UpCommand(Map<String, String> environment, Clock clock, Set<Role> all) {
        this.environment = environment;
        this.clock = clock;
        this.all = all;
    }

    @Override
    public Integer call() throws Exception {
        var config = options.load(environment).values();
        return Running.untilStopped(
                config,
                roles.isEmpty() ? options.profile().map(Role::of).orElse(all) : Set.copyOf(roles),
                clock,
                spec.commandLine().getOut());
    }

    /// Reads a role's name.
    static final class ToRole implements ITypeConverter<Role> {
        @Override
        public Role convert(String name) {
            return Role.find(name.strip())
                    .orElseThrow(() ->
                            new TypeConversionException(
                                    name + " (expected: one of " + Role.names() + ")"));
        }
    }

    /// The names for the help text.
    static final class RoleNames extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        RoleNames() {
            for (var role : Role.values()) {
                add(role.toString());
            }
        }
    }
}
