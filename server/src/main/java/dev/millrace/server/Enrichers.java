package dev.millrace.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.assembly.Enrichment;
import dev.millrace.enrichment.api.Enricher;
import dev.millrace.enrichment.api.EnricherFactory;
import dev.millrace.enrichment.rules.RuleEnricher;
import dev.millrace.enrichment.rules.RulesFile;
import dev.millrace.model.Slice;
import dev.millrace.pipeline.WatchedEnricher;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.EnrichmentConfig;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What complete traces go through before it is decided which are stored: the rules and what
/// plugins bring, found and put in order.
final class Enrichers {

    private static final Logger LOG = LoggerFactory.getLogger(Enrichers.class);

    /// What the rules are called among the enrichers.
    private static final String RULES = "rules";

    /// Where the launcher says that it lies.
    private static final String HOME = "millrace.home";

    private static final Pattern NAME = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

    /// Names that mean something else where enrichers are named.
    private static final Set<String> TAKEN =
            Set.of(RULES, Enrichment.DECODING, Enrichment.SIZE, Enrichment.EARLIER);

    private final Parts parts;
    private final EnrichmentConfig config;

    private Enrichers(Parts parts, EnrichmentConfig config) {
        this.parts = parts;
        this.config = config;
    }

    /// Looks at what can be known without plugins.
    ///
    /// @return the names in their order
    /// @throws IllegalArgumentException when a setting or the file of rules is wrong
    static List<String> check(MillraceConfig config) {
        var enrichment = config.enrichment();
        var rules = rules(enrichment);
        var names = names(enrichment, rules.isPresent());
        for (var key : enrichment.settings().keySet()) {
            if (names.stream()
                    .noneMatch(name -> !name.equals(RULES) && key.startsWith(name + "."))) {
                throw new IllegalArgumentException(
                        "settings." + key + " (expected: below one of enrichers " + names + ")");
            }
        }
        if (!names.isEmpty() && config.ingester().feed() == MillraceConfig.Feed.SPANS) {
            throw new IllegalArgumentException(
                    "enrichers: "
                            + names
                            + " (expected: none with ingester.feed spans, which stores what was"
                            + " sent)");
        }
        return names;
    }

    private static List<String> names(EnrichmentConfig config, boolean hasRules) {
        var names = new ArrayList<>(config.enrichers());
        if (names.size() > new HashSet<>(names).size()) {
            throw new IllegalArgumentException("enrichers: " + names + " (expected: each once)");
        }
        if (names.contains(RULES) && !hasRules) {
            throw new IllegalArgumentException(
                    "enrichers: " + names + " (expected: no rules without rules-file)");
        }
        if (hasRules && !names.contains(RULES)) {
            names.add(RULES);
        }
        return List.copyOf(names);
    }

    private static Optional<RuleEnricher> rules(EnrichmentConfig config) {
        if (config.rulesFile().isEmpty()) {
            return Optional.empty();
        }
        var text = new String(bytes("rules-file", config.rulesFile()), UTF_8);
        return Optional.of(RulesFile.read("rules-file", text, hashKey(config)));
    }

    private static Optional<Slice> hashKey(EnrichmentConfig config) {
        if (config.hashKeyFile().isEmpty()) {
            return Optional.empty();
        }
        byte[] key = bytes("hash-key-file", config.hashKeyFile());
        int length = key.length;
        // An editor's last line end is no part of it.
        while (length > 0 && (key[length - 1] == '\n' || key[length - 1] == '\r')) {
            length--;
        }
        return Optional.of(Slice.of(key, 0, length));
    }

    private static byte[] bytes(String key, String file) {
        try {
            return Files.readAllBytes(Path.of(file));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    key + ": " + file + " (expected: a file that can be read)", e);
        }
    }

    /// Finds them all and tells which work and in which order.
    ///
    /// @throws StartException when one is missing or refuses its settings
    static Enrichment open(Parts parts, MillraceConfig config) throws StartException {
        try {
            return new Enrichers(parts, config.enrichment()).open(check(config));
        } catch (IllegalArgumentException e) {
            throw new StartException("enrichment." + e.getMessage(), e);
        } catch (ServiceConfigurationError | LinkageError e) {
            throw new StartException("enrichment: a plugin cannot be used: " + e, e);
        } catch (IOException e) {
            throw new StartException("enrichment.plugins-dir: " + e, e);
        }
    }

    private Enrichment open(List<String> names) throws IOException {
        var factories = factories();
        var steps = new ArrayList<Enrichment.Step>();
        var rules = rules(config);
        for (String name : names) {
            Enricher enricher;
            if (rules.isPresent() && name.equals(RULES)) {
                enricher = rules.get();
            } else if (factories.containsKey(name)) {
                enricher = factories.get(name).create(settings(name));
            } else {
                throw new IllegalArgumentException(
                        "enrichers: "
                                + name
                                + " (expected: of those that plugins bring, "
                                + factories.keySet()
                                + ")");
            }
            steps.add(
                    new Enrichment.Step(name, new WatchedEnricher(name, enricher, parts.meters())));
        }
        var idle = new TreeSet<>(factories.keySet());
        names.forEach(idle::remove);
        if (!idle.isEmpty()) {
            LOG.atInfo()
                    .addKeyValue("enrichers", idle)
                    .log("Enrichers of plugins that are not named in enrichment.enrichers rest");
        }
        var enrichment = new Enrichment(steps);
        if (!steps.isEmpty()) {
            LOG.atInfo()
                    .addKeyValue("enrichers", enrichment.names())
                    .addKeyValue("rules", rules.map(RuleEnricher::names).orElse(List.of()))
                    .addKeyValue("fingerprint", fingerprint(names))
                    .log("Complete traces are enriched");
        }
        return enrichment;
    }

    private Map<String, EnricherFactory> factories() throws IOException {
        var factories = new TreeMap<String, EnricherFactory>();
        for (var factory : ServiceLoader.load(EnricherFactory.class, loader())) {
            String name = factory.name();
            if (!NAME.matcher(name).matches() || TAKEN.contains(name)) {
                throw new IllegalArgumentException(
                        "plugins-dir: enricher \""
                                + name
                                + "\" (expected: lower-case words with dashes between, none of "
                                + new TreeSet<>(TAKEN)
                                + ")");
            }
            if (factories.put(name, factory) != null) {
                throw new IllegalArgumentException(
                        "plugins-dir: enricher " + name + " twice (expected: once)");
            }
        }
        return factories;
    }

    /// Of the jars in the directory of plugins, in the order of their names.
    private ClassLoader loader() throws IOException {
        var own = Enrichers.class.getClassLoader();
        Path directory;
        if (!config.pluginsDir().isEmpty()) {
            directory = Path.of(config.pluginsDir());
        } else {
            String home = System.getProperty(HOME, "");
            if (home.isEmpty() || !Files.isDirectory(Path.of(home, "plugins"))) {
                return own;
            }
            directory = Path.of(home, "plugins");
        }
        var jars = new ArrayList<URL>();
        try (var files = Files.newDirectoryStream(directory, "*.jar")) {
            var sorted = new TreeSet<Path>();
            files.forEach(sorted::add);
            for (Path jar : sorted) {
                jars.add(jar.toUri().toURL());
            }
        }
        // Classes are loaded as long as enrichers work.
        return parts.push("plugins", new URLClassLoader(jars.toArray(URL[]::new), own));
    }

    private Map<String, String> settings(String name) {
        var settings = new HashMap<String, String>();
        config.settings()
                .forEach((key, value) -> {
                    if (key.startsWith(name + ".")) {
                        settings.put(key.substring(name.length() + 1), value);
                    }
                });
        return Map.copyOf(settings);
    }

    /// Tells processes with other rules, settings or order apart, but not keys or jars.
    private String fingerprint(List<String> names) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update((names + "\n" + new TreeMap<>(config.settings())).getBytes(UTF_8));
            if (!config.rulesFile().isEmpty()) {
                digest.update(bytes("rules-file", config.rulesFile()));
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 4);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
