package dev.millrace.traceql;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/// What every span has besides its attributes.
public enum Intrinsic implements Field {
    DURATION("duration", "span:duration", Type.NUMBER),
    NAME("name", "span:name", Type.TEXT),
    STATUS("status", "span:status", Type.STATUS),
    STATUS_MESSAGE("statusMessage", "span:statusMessage", Type.TEXT),
    KIND("kind", "span:kind", Type.KIND),
    CHILD_COUNT("childCount", "span:childCount", Type.NUMBER),
    ROOT_NAME("rootName", "trace:rootName", Type.TEXT),
    ROOT_SERVICE_NAME("rootServiceName", "trace:rootService", Type.TEXT),
    TRACE_DURATION("traceDuration", "trace:duration", Type.NUMBER),
    NESTED_SET_LEFT("nestedSetLeft", "", Type.NUMBER),
    NESTED_SET_RIGHT("nestedSetRight", "", Type.NUMBER),
    NESTED_SET_PARENT("nestedSetParent", "", Type.NUMBER),
    TRACE_ID("", "trace:id", Type.TEXT),
    SPAN_ID("", "span:id", Type.TEXT),
    PARENT_ID("", "span:parentID", Type.TEXT),
    EVENT_NAME("", "event:name", Type.TEXT),
    EVENT_TIME_SINCE_START("", "event:timeSinceStart", Type.NUMBER),
    LINK_TRACE_ID("", "link:traceID", Type.TEXT),
    LINK_SPAN_ID("", "link:spanID", Type.TEXT),
    INSTRUMENTATION_NAME("", "instrumentation:name", Type.TEXT),
    INSTRUMENTATION_VERSION("", "instrumentation:version", Type.TEXT);

    private final String bareName;
    private final String scopedName;
    private final Type type;

    Intrinsic(String bareName, String scopedName, Type type) {
        this.bareName = bareName;
        this.scopedName = scopedName;
        this.type = type;
    }

    /// The name without a scope; empty when it has none.
    public String bareName() {
        return bareName;
    }

    /// The name with its scope and a colon; empty when it has none.
    public String scopedName() {
        return scopedName;
    }

    @Override
    public Type type() {
        return type;
    }

    @Override
    public String label() {
        return bareName.isEmpty() ? scopedName : bareName;
    }

    @Override
    public String toString() {
        return label();
    }

    static Optional<Intrinsic> of(String name) {
        return Arrays.stream(values())
                .filter(intrinsic ->
                        !name.isEmpty()
                                && (name.equals(intrinsic.bareName)
                                        || name.equals(intrinsic.scopedName)))
                .findFirst();
    }

    static String scopedNames() {
        return Arrays.stream(values())
                .map(Intrinsic::scopedName)
                .filter(name -> !name.isEmpty())
                .collect(Collectors.joining(", "));
    }
}
