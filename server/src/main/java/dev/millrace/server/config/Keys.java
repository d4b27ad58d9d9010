package dev.millrace.server.config;

import dev.millrace.model.ByteSize;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// The keys there are, as the records of [MillraceConfig] spell them.
final class Keys {

    /// One key. An *open* key is a map: everything below it is a key too.
    record Key(String name, ValueType type, boolean open) {

        /// The environment variable that sets it.
        String variable() {
            return "MILLRACE_" + name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
        }

        private boolean covers(String key) {
            return open ? key.startsWith(name + ".") : key.equals(name);
        }
    }

    private final Map<String, Key> byName = new LinkedHashMap<>();
    private final Map<String, Key> byVariable;

    Keys(Class<? extends Record> tree) {
        collect("", tree);
        byVariable =
                byName.values().stream()
                        .collect(Collectors.toMap(Key::variable, Function.identity()));
    }

    private void collect(String prefix, Class<?> section) {
        for (var component : section.getRecordComponents()) {
            String name = prefix + keyName(component);
            if (isSection(component)) {
                collect(name + ".", component.getType());
            } else {
                boolean open = component.getType() == Map.class;
                byName.put(name, new Key(name, ValueType.of(component), open));
            }
        }
    }

    /// A record holds more keys; [ByteSize] is one that is a value.
    static boolean isSection(RecordComponent component) {
        return component.getType().isRecord() && component.getType() != ByteSize.class;
    }

    /// `maxPartBytes` is the key `max-part-bytes`.
    static String keyName(RecordComponent component) {
        var name = new StringBuilder();
        for (char c : component.getName().toCharArray()) {
            if (Character.isUpperCase(c)) {
                name.append('-');
            }
            name.append(Character.toLowerCase(c));
        }
        return name.toString();
    }

    List<Key> all() {
        return List.copyOf(byName.values());
    }

    /// The key that a setting called `name` sets.
    Optional<Key> find(String name) {
        var exact = byName.get(name);
        return exact != null && !exact.open()
                ? Optional.of(exact)
                : byName.values().stream().filter(key -> key.covers(name)).findFirst();
    }

    boolean isSection(String name) {
        return byName.values().stream()
                .anyMatch(key ->
                        key.name().startsWith(name + ".")
                                || (key.open() && key.name().equals(name)));
    }

    /// The name of the setting an environment variable makes: `MILLRACE_KAFKA_PROPERTIES_LINGER_MS`
    /// sets `kafka.properties.linger.ms`.
    Optional<String> nameOfVariable(String variable) {
        var exact = byVariable.get(variable);
        if (exact != null && !exact.open()) {
            return Optional.of(exact.name());
        }
        return byVariable.entrySet().stream()
                .filter(entry -> entry.getValue().open())
                .filter(entry -> variable.startsWith(entry.getKey() + "_"))
                .map(entry ->
                        entry.getValue().name()
                                + "."
                                + variable.substring(entry.getKey().length() + 1)
                                        .toLowerCase(Locale.ROOT)
                                        .replace('_', '.'))
                .findFirst();
    }

    /// The known key most like a wrong one, when any is near enough to be meant.
    Optional<Key> nearest(String wrong) {
        return nearest(wrong, Key::name);
    }

    Optional<Key> nearestVariable(String wrong) {
        return nearest(wrong, Key::variable);
    }

    private Optional<Key> nearest(String wrong, Function<Key, String> spelling) {
        record Candidate(Key key, int distance) {}
        var candidates = new ArrayList<Candidate>();
        for (var key : byName.values()) {
            String name = spelling.apply(key);
            candidates.add(new Candidate(key, distance(wrong, name)));
            String last = name.substring(name.lastIndexOf('.') + 1);
            if (wrong.equals(last)) {
                candidates.add(new Candidate(key, 2));
            }
        }
        int near = Math.max(2, wrong.length() / 4);
        return candidates.stream()
                .filter(candidate -> candidate.distance <= near)
                .min(Comparator.comparingInt(Candidate::distance))
                .map(Candidate::key);
    }

    /// Levenshtein's: the fewest letters added, removed or changed.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int changed = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
