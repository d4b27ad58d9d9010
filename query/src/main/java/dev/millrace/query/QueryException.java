package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;

/// A request that gets an error for an answer, in words meant for whoever asked.
final class QueryException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final transient HttpStatus status;

    QueryException(HttpStatus status, String message) {
        super(message);
        this.status = status;
    }

    /// A parameter with a value that is not understood.
    static QueryException invalid(String parameter, String value, String expected) {
        return new QueryException(
                HttpStatus.BAD_REQUEST, parameter + ": " + value + " (expected: " + expected + ")");
    }

    HttpStatus status() {
        return status;
    }
}
