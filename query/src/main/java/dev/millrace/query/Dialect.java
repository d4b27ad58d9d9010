package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.storage.api.StoreException;
import java.io.IOException;

/// How an API words its errors.
enum Dialect {
    NATIVE("native", "/v1/") {
        @Override
        void writeError(JsonGenerator json, int code, String message) throws IOException {
            json.writeStartObject();
            json.writeObjectFieldStart("error");
            json.writeNumberField("status", code);
            json.writeStringField("message", message);
            json.writeEndObject();
            json.writeEndObject();
        }
    },
    JAEGER("jaeger", "/api/") {
        @Override
        void writeError(JsonGenerator json, int code, String message) throws IOException {
            JaegerJson.writeError(json, code, message);
        }
    };

    private static final int RETRY_AFTER_SECONDS = 1;

    private final String metricName;
    private final String pathPrefix;

    Dialect(String metricName, String pathPrefix) {
        this.metricName = metricName;
        this.pathPrefix = pathPrefix;
    }

    String metricName() {
        return metricName;
    }

    /// What the paths of the API begin with.
    String pathPrefix() {
        return pathPrefix;
    }

    Answer error(HttpStatus status, String message) {
        int retryAfter = status.equals(HttpStatus.SERVICE_UNAVAILABLE) ? RETRY_AFTER_SECONDS : 0;
        return Answer.json(
                status, retryAfter, false, json -> writeError(json, status.code(), message));
    }

    Answer error(StoreException failure) {
        return error(statusOf(failure.kind()), String.valueOf(failure.getMessage()));
    }

    static HttpStatus statusOf(StoreException.Kind kind) {
        return switch (kind) {
            case INVALID_REQUEST -> HttpStatus.BAD_REQUEST;
            case NOT_SUPPORTED -> HttpStatus.NOT_IMPLEMENTED;
            case OVER_CAPACITY, UNAVAILABLE -> HttpStatus.SERVICE_UNAVAILABLE;
            case CORRUPT, BUG -> HttpStatus.INTERNAL_SERVER_ERROR;
        };
    }

    abstract void writeError(JsonGenerator json, int code, String message) throws IOException;
}
