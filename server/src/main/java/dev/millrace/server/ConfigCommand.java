package dev.millrace.server;

import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigReference;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `millrace config`: the configuration in force, and where it was set.
@Command(
        name = "config",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description = {
            "Prints every setting in force; those that are not the default say where they were made.",
            "Nothing is started: use it to check a configuration."
        })
final class ConfigCommand implements Callable<Integer> {

    private final Map<String, String> environment;

    @Mixin private final ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--reference",
            description = "Prints the reference of all settings instead, in Markdown.")
    private boolean reference;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    ConfigCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws ConfigException {
        var out = spec.commandLine().getOut();
        out.print(reference ? ConfigReference.markdown() : options.load(environment).describe());
        out.flush();
        return 0;
    }
}
