package dev.millrace.server;

import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.Configuration;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The options that say where settings come from, shared by the commands that need them.
final class ConfigOptions {

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A YAML file of settings. Without it the file in $MILLRACE_CONFIG.")
    private @Nullable Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One setting, stronger than file and environment. Repeatable.")
    private List<String> settings = new ArrayList<>();

    Configuration load(Map<String, String> environment) throws ConfigException {
        var sources = new ConfigSources();
        String named = environment.getOrDefault("MILLRACE_CONFIG", "");
        if (file != null) {
            sources.file(file);
        } else if (!named.isEmpty()) {
            sources.file(Path.of(named));
        }
        var configuration = sources.environment(environment).flags(settings).load();
        SettingsCheck.run(configuration.values());
        return configuration;
    }
}
