package dev.millrace.storage.elasticsearch;

import java.util.List;
import java.util.regex.Pattern;

/// The tags in which Jaeger keeps what OTLP has fields for, and where tags lie in a document.
final class TagNames {

    static final String KIND = "span.kind";
    static final String ERROR = "error";
    static final String STATUS_CODE = "otel.status_code";
    static final String STATUS_MESSAGE = "otel.status_description";
    static final String TRACE_STATE = "w3c.tracestate";
    static final String SCOPE_NAME = "otel.scope.name";
    static final String SCOPE_VERSION = "otel.scope.version";
    static final String REFERENCE_TYPE = "opentracing.ref_type";
    static final String EVENT = "event";
    static final String SERVICE = "service.name";

    /// The service that Jaeger writes for resources that name none.
    static final String NO_SERVICE = "OTLPResourceNoServiceName";

    static final String CHILD_OF = "CHILD_OF";
    static final String FOLLOWS_FROM = "FOLLOWS_FROM";

    /// Where lists of tags are.
    static final List<String> LISTS =
            List.of("tags", "process.tags", "logs.fields", "scopeTags", "references.tags");

    /// Where tags are that have fields of their own.
    static final List<String> FIELDS = List.of("tag", "process.tag", "scopeTag");

    private static final Pattern SAFE = Pattern.compile("[A-Za-z0-9_.:/-]{1,128}");

    private TagNames() {}

    /// Whether a field can be named after a tag, and the tag after the field again.
    static boolean canBeField(String key, String dotReplacement) {
        return SAFE.matcher(key).matches()
                && !key.contains(dotReplacement)
                && !key.startsWith(".")
                && !key.endsWith(".");
    }

    static String field(String key, String dotReplacement) {
        return key.replace(".", dotReplacement);
    }
}
