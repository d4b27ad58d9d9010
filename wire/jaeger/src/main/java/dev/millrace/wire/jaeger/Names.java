package dev.millrace.wire.jaeger;

import java.nio.charset.StandardCharsets;

/// The keys of Jaeger tags that are fields of their own in OTLP, as bytes to compare with.
final class Names {

    static final byte[] ERROR = ascii("error");
    static final byte[] EVENT = ascii("event");
    static final byte[] MESSAGE = ascii("message");
    static final byte[] HOSTNAME = ascii("hostname");
    static final byte[] HOST_NAME = ascii("host.name");
    static final byte[] SPAN_KIND = ascii("span.kind");
    static final byte[] JAEGER_FLAGS = ascii("jaeger.flags");
    static final byte[] TRACE_STATE = ascii("w3c.tracestate");
    static final byte[] SCOPE_NAME = ascii("otel.scope.name");
    static final byte[] SCOPE_VERSION = ascii("otel.scope.version");
    static final byte[] LIBRARY_NAME = ascii("otel.library.name");
    static final byte[] LIBRARY_VERSION = ascii("otel.library.version");
    static final byte[] STATUS_CODE = ascii("otel.status_code");
    static final byte[] STATUS_DESCRIPTION = ascii("otel.status_description");
    static final byte[] HTTP_STATUS_CODE = ascii("http.status_code");
    static final byte[] HTTP_STATUS_MESSAGE = ascii("http.status_message");
    static final byte[] WARNINGS = ascii("@jaeger@warnings");

    private Names() {}

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
