package dev.millrace.collector;

import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;

/// What a request's body is written in, and so its answer.
enum HttpFormat {
    PROTOBUF,
    JSON,
    /// Nothing OTLP has; answered in plain text.
    OTHER;

    static HttpFormat of(RequestHeaders headers) {
        var type = headers.contentType();
        if (type == null) {
            return OTHER;
        }
        if (type.is(MediaType.X_PROTOBUF)) {
            return PROTOBUF;
        }
        return type.is(MediaType.JSON) ? JSON : OTHER;
    }

    MediaType mediaType() {
        return switch (this) {
            case PROTOBUF -> MediaType.X_PROTOBUF;
            case JSON -> MediaType.JSON;
            case OTHER -> MediaType.PLAIN_TEXT_UTF_8;
        };
    }
}
