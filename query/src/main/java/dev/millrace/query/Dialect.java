package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.storage.api.StoreException;
import java.util.List;

/// How an API words its errors.
enum Dialect {
    NATIVE("native") {
        @Override
        Answer error(HttpStatus status, int retryAfterSeconds, String message) {
            return Answer.json(
                    status,
                    retryAfterSeconds,
                    false,
                    json -> {
                        json.writeStartObject();
                        json.writeObjectFieldStart("error");
                        json.writeNumberField("status", status.code());
                        json.writeStringField("message", message);
                        json.writeEndObject();
                        json.writeEndObject();
                    });
        }
    },
    JAEGER("jaeger") {
        @Override
        Answer error(HttpStatus status, int retryAfterSeconds, String message) {
            return Answer.json(
                    status,
                    retryAfterSeconds,
                    false,
                    json -> JaegerJson.writeError(json, status.code(), message));
        }
    },
    JAEGER_V3("jaeger_v3") {
        @Override
        Answer error(HttpStatus status, int retryAfterSeconds, String message) {
            return Answer.json(
                    status,
                    retryAfterSeconds,
                    false,
                    json -> {
                        json.writeStartObject();
                        json.writeObjectFieldStart("error");
                        json.writeNumberField("httpCode", status.code());
                        json.writeStringField("message", message);
                        json.writeEndObject();
                        json.writeEndObject();
                    });
        }
    },
    TEMPO("tempo") {
        @Override
        Answer error(HttpStatus status, int retryAfterSeconds, String message) {
            return Answer.text(status, retryAfterSeconds, message);
        }
    },
    ZIPKIN("zipkin") {
        @Override
        Answer error(HttpStatus status, int retryAfterSeconds, String message) {
            return Answer.text(status, retryAfterSeconds, message);
        }
    };

    private static final int RETRY_AFTER_SECONDS = 1;

    private final String metricName;

    Dialect(String metricName) {
        this.metricName = metricName;
    }

    String metricName() {
        return metricName;
    }

    /// What the paths of the API begin with; the longest of all dialects decides.
    List<String> pathPrefixes() {
        return switch (this) {
            case NATIVE -> List.of("/v1/");
            case JAEGER -> List.of("/api/");
            case JAEGER_V3 -> List.of("/api/v3/");
            case TEMPO -> List.of("/tempo/");
            case ZIPKIN -> List.of("/api/v2/", "/zipkin/");
        };
    }

    Answer error(HttpStatus status, String message) {
        int retryAfter = status.equals(HttpStatus.SERVICE_UNAVAILABLE) ? RETRY_AFTER_SECONDS : 0;
        return error(status, retryAfter, message);
    }

    Answer error(StoreException failure) {
        return error(statusOf(failure.kind()), String.valueOf(failure.getMessage()));
    }

    static HttpStatus statusOf(StoreException.Kind kind) {
        return switch (kind) {
            case INVALID_REQUEST -> HttpStatus.BAD_REQUEST;
            case NOT_SUPPORTED -> HttpStatus.NOT_IMPLEMENTED;
            case TOO_LARGE -> HttpStatus.REQUEST_ENTITY_TOO_LARGE;
            case OVER_CAPACITY, UNAVAILABLE -> HttpStatus.SERVICE_UNAVAILABLE;
            case CORRUPT, BUG -> HttpStatus.INTERNAL_SERVER_ERROR;
        };
    }

    abstract Answer error(HttpStatus status, int retryAfterSeconds, String message);
}
