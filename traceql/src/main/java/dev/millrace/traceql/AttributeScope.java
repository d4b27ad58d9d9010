package dev.millrace.traceql;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// Where an attribute is looked for.
public enum AttributeScope {
    /// The first place that has it: the span, its resource, its events, its links, its scope.
    ANY,
    SPAN,
    RESOURCE,
    EVENT,
    LINK,
    INSTRUMENTATION;

    /// As it is written before an attribute's dot; empty for [#ANY].
    public String prefix() {
        return this == ANY ? "" : name().toLowerCase(Locale.ROOT);
    }

    static Optional<AttributeScope> of(String prefix) {
        return Arrays.stream(values())
                .filter(scope -> scope != ANY && scope.prefix().equals(prefix))
                .findFirst();
    }
}
