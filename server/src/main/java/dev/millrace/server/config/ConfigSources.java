package dev.millrace.server.config;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Gathers settings from the defaults, a profile, a file, the environment and flags; of two that
/// set the same key the later in this order wins.
public final class ConfigSources {

    static final String DEFAULTS = "millrace-defaults.yaml";

    private static final String PREFIX = "MILLRACE_";

    /// Variables with our prefix that are no keys: the launcher's, and where the file is.
    private static final List<String> NOT_KEYS =
            List.of("MILLRACE_CONFIG", "MILLRACE_JAVA_HOME", "MILLRACE_JAVA_OPTS");

    /// Kubernetes sets such variables for every Service, so one called `millrace-collector` would
    /// otherwise look like a wrong key.
    private static final Pattern SERVICE_LINK =
            Pattern.compile(
                    ".*_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)");

    private static final Pattern SERVICE_ADDRESS = Pattern.compile("(tcp|udp)://.*");

    private final Keys keys = new Keys(MillraceConfig.class);
    private final List<Setting> settings = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    /// Begins with the defaults.
    public ConfigSources() {
        settings.addAll(defaults());
    }

    static List<Setting> defaults() {
        return ours(DEFAULTS, new Origin.Default());
    }

    private static List<Setting> ours(String resource, Origin origin) {
        try (var stream = ConfigSources.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalStateException(resource + " is missing from the program");
            }
            var reader = new InputStreamReader(stream, StandardCharsets.UTF_8);
            return YamlSettings.read(reader, _ -> origin);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ConfigException e) {
            throw new IllegalStateException(resource + ": " + e.getMessage(), e);
        }
    }

    /// The keys of all ports that are listened on.
    public static List<String> portKeys() {
        return new Keys(MillraceConfig.class)
                .all().stream()
                        .map(Keys.Key::name)
                        // Not those that only tell others where to find one.
                        .filter(key ->
                                key.matches(".*[.-]port") && !key.endsWith("advertised-port"))
                        .toList();
    }

    /// Adds what a kind of site has instead of the defaults.
    public ConfigSources profile(Profile profile) {
        settings.addAll(ours(profile.resource(), new Origin.OfProfile(profile)));
        return this;
    }

    /// Adds the names of sites, as a flag: at an edge its own, which its topics begin with, at the
    /// center all of them.
    public ConfigSources sites(Profile profile, List<String> names) {
        var origin = new Origin.Flag("--site");
        switch (profile) {
            case EDGE -> {
                if (names.size() != 1) {
                    problems.add(origin + ": " + names + " (expected: one name at an edge)");
                }
                settings.add(new Setting("topics.prefix", names.getFirst() + ".", origin));
            }
            case CENTER -> settings.add(new Setting("sites", String.join(",", names), origin));
        }
        return this;
    }

    /// Adds a YAML file.
    public ConfigSources file(Path file) {
        try (var reader = Files.newBufferedReader(file)) {
            settings.addAll(YamlSettings.read(reader, line -> new Origin.Line(file, line)));
        } catch (IOException e) {
            problems.add(file + ": cannot be read (expected: a YAML file): " + reason(e));
        } catch (ConfigException e) {
            problems.addAll(e.problems());
        }
        return this;
    }

    private static String reason(IOException e) {
        return e instanceof NoSuchFileException ? "no such file" : e.toString();
    }

    /// Adds the variables that begin with `MILLRACE_`, and those of zipkin-storage-kafka.
    public ConfigSources environment(Map<String, String> environment) {
        for (var entry : new TreeMap<>(environment).entrySet()) {
            String name = entry.getKey();
            if (OldNames.isVariable(name) && !isServiceLink(name, entry.getValue(), false)) {
                settings.add(
                        new Setting(name, entry.getValue().strip(), new Origin.Variable(name)));
                continue;
            }
            if (!name.startsWith(PREFIX) || NOT_KEYS.contains(name)) {
                continue;
            }
            var origin = new Origin.Variable(name);
            var key = keys.nameOfVariable(name);
            if (isServiceLink(name, entry.getValue(), key.isPresent())) {
                continue;
            }
            if (key.isEmpty()) {
                problems.add(
                        "%s: unknown variable (expected: MILLRACE_ and a key, in capitals)%s"
                                .formatted(
                                        origin,
                                        keys.nearestVariable(name)
                                                .map(near -> ", did you mean " + near.variable())
                                                .map(text -> text + "?")
                                                .orElse("")));
                continue;
            }
            settings.add(new Setting(key.get(), entry.getValue().strip(), origin));
        }
        return this;
    }

    private static boolean isServiceLink(String name, String value, boolean known) {
        boolean address = name.endsWith("_PORT") && SERVICE_ADDRESS.matcher(value).matches();
        return address || (!known && SERVICE_LINK.matcher(name).matches());
    }

    /// Adds arguments of the form `key=value`.
    public ConfigSources flags(List<String> arguments) {
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals < 1) {
                problems.add("flag --set: \"" + argument + "\" (expected: key=value)");
            } else {
                settings.add(
                        new Setting(
                                argument.substring(0, equals).strip(),
                                argument.substring(equals + 1).strip(),
                                Origin.Flag.SET));
            }
        }
        return this;
    }

    /// The configuration all sources make together.
    ///
    /// @throws ConfigException with every problem of every source
    public Configuration load() throws ConfigException {
        var effective = new LinkedHashMap<String, Setting>();
        for (var setting : new OldNames(problems).resolve(settings)) {
            if (keys.find(setting.key()).isPresent()) {
                check(setting);
                effective.put(setting.key(), setting);
            } else if (!isEmptySection(setting)) {
                problems.add(unknown(setting));
            }
        }
        Optional<MillraceConfig> values = Optional.empty();
        if (problems.isEmpty()) {
            values = new Binder(keys, effective, problems).bind(MillraceConfig.class);
        }
        if (values.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new Configuration(values.get(), List.copyOf(effective.values()));
    }

    /// Checks what a later source overrides as well: it may come into force at the next start.
    private void check(Setting setting) {
        var type = keys.find(setting.key()).orElseThrow().type();
        try {
            var _ = type.parse().apply(setting.value());
        } catch (IllegalArgumentException _) {
            problems.add(
                    "%s: %s: %s (expected: %s)"
                            .formatted(
                                    setting.origin(),
                                    setting.key(),
                                    setting.value().isEmpty() ? "nothing" : setting.shown(),
                                    type.expected()));
        }
    }

    private boolean isEmptySection(Setting setting) {
        return keys.isSection(setting.key()) && setting.value().isEmpty();
    }

    private String unknown(Setting setting) {
        if (keys.isSection(setting.key())) {
            return "%s: %s: %s (expected: keys below it, such as %s)"
                    .formatted(
                            setting.origin(), setting.key(), setting.shown(), firstBelow(setting));
        }
        return "%s: %s: unknown key, set to %s (expected: a key of the reference)%s"
                .formatted(
                        setting.origin(),
                        setting.key(),
                        setting.shown(),
                        keys.nearest(setting.key())
                                .map(near -> ", did you mean " + near.name() + "?")
                                .orElse(""));
    }

    private String firstBelow(Setting setting) {
        return keys.all().stream()
                .filter(key -> key.name().startsWith(setting.key()))
                .map(key -> key.open() ? key.name() + ".linger.ms" : key.name())
                .findFirst()
                .orElseThrow();
    }
}
