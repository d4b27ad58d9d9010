package dev.millrace.server.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Builds the record tree from settings whose single values are already known to be good.
///
/// What is left to go wrong are the rules between values, which the records check themselves; a
/// section that breaks one is reported and the others are still built, so that all are reported.
final class Binder {

    private final Keys keys;
    private final Map<String, Setting> settings;
    private final List<String> problems;

    Binder(Keys keys, Map<String, Setting> settings, List<String> problems) {
        this.keys = keys;
        this.settings = settings;
        this.problems = problems;
    }

    <T extends Record> Optional<T> bind(Class<T> tree) {
        return section("", tree);
    }

    private <T> Optional<T> section(String prefix, Class<T> type) {
        var components = type.getRecordComponents();
        var values = new ArrayList<Object>();
        for (var component : components) {
            value(prefix + Keys.keyName(component), component).ifPresent(values::add);
        }
        return values.size() == components.length
                ? construct(prefix, type, values)
                : Optional.empty();
    }

    private Optional<?> value(String name, RecordComponent component) {
        if (Keys.isSection(component)) {
            return section(name + ".", component.getType());
        }
        if (component.getType() == Map.class) {
            return Optional.of(below(name + "."));
        }
        var setting = settings.get(name);
        if (setting == null) {
            throw new IllegalStateException(name + " has no default");
        }
        return Optional.of(keys.find(name).orElseThrow().type().parse().apply(setting.value()));
    }

    private Map<String, String> below(String prefix) {
        var map = new LinkedHashMap<String, String>();
        settings.forEach((key, setting) -> {
            if (key.startsWith(prefix)) {
                map.put(key.substring(prefix.length()), setting.value());
            }
        });
        // In the order they were set, which matters to some.
        return Collections.unmodifiableMap(map);
    }

    private <T> Optional<T> construct(String prefix, Class<T> type, List<Object> values) {
        var parameters =
                Arrays.stream(type.getRecordComponents())
                        .map(RecordComponent::getType)
                        .toArray(Class<?>[]::new);
        try {
            return Optional.of(
                    type.getDeclaredConstructor(parameters).newInstance(values.toArray()));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException broken) {
                problems.add(whoSet(prefix) + ": " + prefix + broken.getMessage());
                return Optional.empty();
            }
            throw new IllegalStateException(type + " cannot be built", e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be built", e);
        }
    }

    /// Whoever set something in the section last; the defaults break no rule.
    private String whoSet(String prefix) {
        return settings.values().stream()
                .filter(setting -> setting.key().startsWith(prefix))
                .map(Setting::origin)
                .filter(origin -> !(origin instanceof Origin.Default))
                .reduce((_, last) -> last)
                .map(Origin::toString)
                .orElse("default");
    }
}
