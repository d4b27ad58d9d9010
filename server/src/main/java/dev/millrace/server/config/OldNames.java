package dev.millrace.server.config;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Reads what was set under the names of zipkin-storage-kafka as settings of ours.
///
/// They are read where the store is Kafka, whoever says so; elsewhere its variables mean nothing to
/// us. Each is as strong as a setting of ours in the same place, and to set both to different
/// values there is an error.
final class OldNames {

    static final String PROPERTY_PREFIX = "zipkin.";

    private static final String STORE_PROPERTIES = "zipkin.storage.kafka.";
    private static final String STORE_VARIABLES = "KAFKA_STORAGE_";
    private static final String PROPERTY_VARIABLES = "ZIPKIN_STORAGE_KAFKA_";
    private static final String TYPE = "storage.type";
    private static final String KAFKA = "kafka";

    /// Kafka settings for all clients alike, by what stands before them.
    private static final String OVERRIDES = STORE_PROPERTIES + "overrides.";

    private static final String PROPERTIES = "kafka.properties.";

    /// The last part of a property's name that holds settings for some clients only.
    private static final String SOME_OVERRIDES = ".overrides.";

    private final List<String> problems;

    /// @param problems is told what is wrong
    OldNames(List<String> problems) {
        this.problems = problems;
    }

    /// Whether a variable is one of theirs, or looks as if it were meant to be.
    static boolean isVariable(String name) {
        return name.startsWith(STORE_VARIABLES)
                || name.startsWith(PROPERTY_VARIABLES)
                || find(name).isPresent();
    }

    /// The settings of ours that all of them make together, in rising order of precedence.
    ///
    /// @param settings ours and, by their own names, theirs, in rising order of precedence
    List<Setting> resolve(List<Setting> settings) {
        var ours = settings.stream().filter(setting -> !isOld(setting)).toList();
        var theirs = settings.stream().filter(OldNames::isOld).toList();
        if (theirs.isEmpty()) {
            return ours;
        }
        if (!type(settings).equals(KAFKA)) {
            theirs.stream()
                    .filter(setting -> !(place(setting.origin()) instanceof Origin.Variable))
                    .forEach(setting ->
                            problems.add(
                                    "%s: %s: a setting of zipkin-storage-kafka (expected: only with %s: %s)"
                                            .formatted(
                                                    setting.origin(), setting.key(), TYPE, KAFKA)));
            return ours;
        }
        var translated = new ArrayList<Setting>();
        var implied = new LinkedHashMap<String, Setting>();
        for (var setting : theirs) {
            translate(setting, translated, implied);
        }
        checkConflicts(ours, translated);
        return merged(ours, translated, implied);
    }

    private static boolean isOld(Setting setting) {
        return setting.key().startsWith(PROPERTY_PREFIX)
                || (setting.origin() instanceof Origin.Variable(String name)
                        && setting.key().equals(name));
    }

    /// The kind of store that the strongest of all settings names.
    private static String type(List<Setting> settings) {
        String type = "";
        int strongest = -1;
        for (var setting : settings) {
            boolean names =
                    setting.key().equals(TYPE)
                            || (isOld(setting)
                                    && find(setting.key())
                                            .filter(old -> old.keys().contains(TYPE))
                                            .isPresent()
                                    // Zipkin's other stores are none of ours by that name.
                                    && setting.value().equals(KAFKA));
            if (names && rank(setting.origin()) >= strongest) {
                type = setting.value().toLowerCase(Locale.ROOT);
                strongest = rank(setting.origin());
            }
        }
        return type;
    }

    private static Optional<OldName> find(String name) {
        String plain = plain(name);
        return OldName.ALL.stream()
                .filter(old ->
                        old.variables().contains(name)
                                || old.properties().stream()
                                        .anyMatch(property -> plain(property).equals(plain)))
                .findFirst();
    }

    /// A property as it is told by its variable too, which has no dashes and one kind of dot.
    private static String plain(String property) {
        return property.toLowerCase(Locale.ROOT).replace("-", "").replace('_', '.');
    }

    private void translate(
            Setting setting, List<Setting> translated, Map<String, Setting> implied) {
        String name = setting.key();
        var origin = new Origin.Alias(setting.origin(), name);
        if (name.startsWith(OVERRIDES)) {
            translated.add(
                    new Setting(
                            PROPERTIES + name.substring(OVERRIDES.length()),
                            setting.value(),
                            origin));
            return;
        }
        if (name.startsWith(STORE_PROPERTIES) && name.contains(SOME_OVERRIDES)) {
            problems.add(
                    "%s: %s: for some clients only (expected: %s%s, for all of them)"
                            .formatted(
                                    setting.origin(),
                                    name,
                                    PROPERTIES,
                                    name.substring(
                                            name.indexOf(SOME_OVERRIDES)
                                                    + SOME_OVERRIDES.length())));
            return;
        }
        var found = find(name);
        if (found.isEmpty()) {
            problems.add(
                    "%s: %s: unknown setting of zipkin-storage-kafka (expected: one of %s)"
                            .formatted(setting.origin(), name, known(name)));
            return;
        }
        var old = found.get();
        Optional<String> value = old.meaning().apply(setting.value());
        if (value.isEmpty()) {
            problems.add(
                    "%s: %s: %s (expected: %s)"
                            .formatted(
                                    setting.origin(),
                                    name,
                                    setting.shown(),
                                    old.meaning().expected()));
            return;
        }
        old.keys().forEach(key -> translated.add(new Setting(key, value.get(), origin)));
        old.implied().forEach((key, with) -> implied.put(key, new Setting(key, with, origin)));
    }

    private static String known(String name) {
        boolean variable = !name.startsWith(PROPERTY_PREFIX);
        return OldName.ALL.stream()
                .flatMap(old -> (variable ? old.variables() : old.properties()).stream())
                .collect(joining(", "));
    }

    /// Two settings of one key in one place must agree, unless both are ours.
    private void checkConflicts(List<Setting> ours, List<Setting> translated) {
        record Spot(String key, int rank) {}
        var said = new TreeMap<String, LinkedHashSet<Setting>>();
        var spots = new LinkedHashMap<Spot, LinkedHashMap<String, Setting>>();
        for (var setting : translated) {
            spots.computeIfAbsent(
                            new Spot(setting.key(), rank(setting.origin())),
                            _ -> new LinkedHashMap<>())
                    .putIfAbsent(setting.value(), setting);
        }
        for (var setting : ours) {
            var spot = spots.get(new Spot(setting.key(), rank(setting.origin())));
            if (spot != null) {
                spot.putIfAbsent(setting.value(), setting);
            }
        }
        spots.forEach((spot, values) -> {
            if (values.size() > 1) {
                said.computeIfAbsent(spot.key(), _ -> new LinkedHashSet<>())
                        .addAll(values.values());
            }
        });
        said.forEach((key, settings) ->
                problems.add(
                        "%s: %s (expected: one value)"
                                .formatted(
                                        key,
                                        settings.stream()
                                                .map(setting ->
                                                        "\"%s\" by %s"
                                                                .formatted(
                                                                        setting.shown(),
                                                                        setting.origin()))
                                                .collect(joining(" and ")))));
    }

    private static List<Setting> merged(
            List<Setting> ours, List<Setting> translated, Map<String, Setting> implied) {
        var merged = new ArrayList<Setting>();
        for (int rank = 0; rank <= rank(Origin.Flag.SET); rank++) {
            int at = rank;
            ours.stream().filter(setting -> rank(setting.origin()) == at).forEach(merged::add);
            if (rank == 0) {
                // What somebody says in so many words is stronger, wherever that is.
                merged.addAll(implied.values());
            }
            translated.stream()
                    .filter(setting -> rank(setting.origin()) == at)
                    .forEach(merged::add);
        }
        return merged;
    }

    private static Origin place(Origin origin) {
        return origin instanceof Origin.Alias(Origin at, String _) ? at : origin;
    }

    private static int rank(Origin origin) {
        return switch (place(origin)) {
            case Origin.Default _ -> 0;
            case Origin.OfProfile _ -> 1;
            case Origin.Line _ -> 2;
            case Origin.Variable _ -> 3;
            case Origin.Flag _ -> 4;
            case Origin.Alias _ -> throw new IllegalStateException("an alias of an alias");
        };
    }
}
