package dev.millrace.access;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.model.Tenant;
import java.util.Locale;

/// What a request is told at the door.
public sealed interface Entry {

    /// The request may go on.
    ///
    /// @param tenant whose spans it may see or bring
    /// @param principal the name of its credential, or `anonymous` where none is asked for
    record Admitted(Tenant tenant, String principal) implements Entry {}

    /// The request may not.
    ///
    /// @param message for whoever asked; never names a secret
    record Denied(Reason reason, String message) implements Entry {}

    /// Why a request is turned away.
    enum Reason {
        NO_CREDENTIAL(401, 16),
        WRONG_CREDENTIAL(401, 16),
        NO_TENANT(400, 3),
        INVALID_TENANT(400, 3),
        WRONG_TENANT(403, 7),
        /// The check of a hashed password is at work for somebody else.
        BUSY(503, 14);

        private final int httpStatus;
        private final int grpcStatus;

        Reason(int httpStatus, int grpcStatus) {
            this.httpStatus = httpStatus;
            this.grpcStatus = grpcStatus;
        }

        public HttpStatus httpStatus() {
            return HttpStatus.valueOf(httpStatus);
        }

        /// The number of gRPC's status code.
        public int grpcStatus() {
            return grpcStatus;
        }

        /// As metrics name it.
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
