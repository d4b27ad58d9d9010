package dev.millrace.deploy;

import java.lang.reflect.Method;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds what one of fabric8's models was given and does not know.
final class UnknownFields {

    private static final String MODELS = "io.fabric8.";

    private UnknownFields() {}

    /// @param path where `value` stands, for whoever reads of a problem
    static void in(@Nullable Object value, String path, List<String> problems) {
        switch (value) {
            case null -> {}
            case Collection<?> elements -> {
                int index = 0;
                for (Object element : elements) {
                    in(element, path + "[" + index++ + "]", problems);
                }
            }
            case Map<?, ?> entries ->
                    entries.forEach((key, entry) -> in(entry, path + "." + key, problems));
            default -> {
                if (value.getClass().getName().startsWith(MODELS) && !value.getClass().isEnum()) {
                    inModel(value, path, problems);
                }
            }
        }
    }

    private static void inModel(Object model, String path, List<String> problems) {
        for (Method method : model.getClass().getMethods()) {
            if (method.getName().startsWith("get")
                    && method.getParameterCount() == 0
                    && method.getDeclaringClass() != Object.class) {
                Object value = call(method, model);
                if (!method.getName().equals("getAdditionalProperties")) {
                    in(value, path + "." + method.getName().substring(3), problems);
                } else if (value instanceof Map<?, ?> unknown) {
                    unknown.keySet().forEach(key -> problems.add(path + ": unknown: " + key));
                }
            }
        }
    }

    private static @Nullable Object call(Method method, Object model) {
        try {
            return method.invoke(model);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(method.toString(), e);
        }
    }
}
