package dev.millrace.server;

import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.Configuration;
import dev.millrace.server.config.Profile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

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

    @Option(
            names = "--profile",
            paramLabel = "PROFILE",
            converter = ToProfile.class,
            description = {
                "What kind of site this is, for other defaults: edge, which takes spans in and keeps them,",
                "or center, where those of all sites come together."
            })
    private @Nullable Profile profile;

    @Option(
            names = "--site",
            paramLabel = "NAME",
            split = ",",
            description = {
                "With --profile edge the site's name, edge if none is given;",
                "with --profile center the names of all sites, with commas between."
            })
    private List<String> sites = new ArrayList<>();

    /// What kind of site was named, if any.
    Optional<Profile> profile() {
        return Optional.ofNullable(profile);
    }

    Configuration load(Map<String, String> environment) throws ConfigException {
        var sources = new ConfigSources();
        if (profile != null) {
            sources.profile(profile);
        }
        String named = environment.getOrDefault("MILLRACE_CONFIG", "");
        if (file != null) {
            sources.file(file);
        } else if (!named.isEmpty()) {
            sources.file(Path.of(named));
        }
        sources.environment(environment).flags(settings);
        if (!sites.isEmpty()) {
            sources.sites(profiled(), sites);
        }
        var configuration = sources.load();
        if (profile == Profile.CENTER && configuration.values().sites().isEmpty()) {
            throw new ConfigException(
                    List.of(
                            "profile center: sites: nothing (expected: the names of all sites, such"
                                    + " as --site tokyo,berlin)"));
        }
        SettingsCheck.run(configuration.values());
        return configuration;
    }

    private Profile profiled() throws ConfigException {
        if (profile == null) {
            throw new ConfigException(
                    List.of("flag --site: %s (expected: --profile with it)".formatted(sites)));
        }
        return profile;
    }

    /// Reads a profile's name.
    static final class ToProfile implements ITypeConverter<Profile> {
        @Override
        public Profile convert(String name) {
            return Profile.find(name.strip())
                    .orElseThrow(() ->
                            new TypeConversionException(
                                    name + " (expected: one of " + Profile.names() + ")"));
        }
    }
}
