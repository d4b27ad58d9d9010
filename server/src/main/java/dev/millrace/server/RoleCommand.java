package dev.millrace.server;

import java.time.Clock;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `millrace collector` and the like: one role in this process.
@Command(mixinStandardHelpOptions = true, versionProvider = Commands.FromJar.class)
final class RoleCommand implements Callable<Integer> {

    private final Map<String, String> environment;
    private final Clock clock;
    private final Role role;

    @Mixin private final ConfigOptions options = new ConfigOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    RoleCommand(Map<String, String> environment, Clock clock, Role role) {
        this.environment = environment;
        this.clock = clock;
        this.role = role;
    }

    @Override
    public Integer call() throws Exception {
        var config = options.load(environment).values();
        return Running.untilStopped(config, Set.of(role), clock, spec.commandLine().getOut());
    }
}
