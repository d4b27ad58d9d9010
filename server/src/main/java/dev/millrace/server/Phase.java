package dev.millrace.server;

import java.time.Instant;

/// How far a process is in its life. Each phase has only the moves that are legal from it.
sealed interface Phase {

    /// Parts are being opened.
    record Starting() implements Phase {
        Serving ready() {
            return new Serving();
        }

        Draining drain(Instant deadline) {
            return new Draining(deadline);
        }
    }

    /// All parts are open.
    record Serving() implements Phase {
        Draining drain(Instant deadline) {
            return new Draining(deadline);
        }
    }

    /// Parts are being closed; at the deadline the process ends whether they are or not.
    record Draining(Instant deadline) implements Phase {
        Stopped stopped() {
            return new Stopped();
        }
    }

    /// Nothing is open any more.
    record Stopped() implements Phase {}

    /// The phase in one word, as `/status` gives it.
    default String word() {
        return switch (this) {
            case Starting _ -> "starting";
            case Serving _ -> "serving";
            case Draining _ -> "draining";
            case Stopped _ -> "stopped";
        };
    }
}
