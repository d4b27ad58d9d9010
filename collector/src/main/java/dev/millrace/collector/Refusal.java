package dev.millrace.collector;

import com.linecorp.armeria.common.ResponseCompleteException;
import com.linecorp.armeria.common.ShuttingDownException;
import com.linecorp.armeria.common.stream.AbortedStreamException;
import com.linecorp.armeria.common.stream.CancelledSubscriptionException;
import com.linecorp.armeria.common.stream.ClosedStreamException;
import com.linecorp.armeria.common.util.Exceptions;
import com.linecorp.armeria.server.RequestTimeoutException;
import dev.millrace.access.Entry;
import dev.millrace.pipeline.SinkException;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Why a request was not taken over, in words for its sender.
///
/// @param retryAfter how long the sender should wait before it sends the request again; null when
///   it should not
public record Refusal(Outcome outcome, String message, @Nullable Duration retryAfter) {

    private static final Logger log = LoggerFactory.getLogger(Refusal.class);

    private static final Duration SOON = Duration.ofSeconds(1);

    /// A refusal that sending the same request again would not change.
    static Refusal lasting(Outcome outcome, String message) {
        return new Refusal(outcome, message, null);
    }

    /// A refusal that may be different in a second.
    static Refusal passing(Outcome outcome, String message) {
        return new Refusal(outcome, message, SOON);
    }

    RefusedException asException() {
        return new RefusedException(this);
    }

    /// What went wrong, whichever stage or transport noticed.
    static Refusal of(Throwable thrown) {
        Throwable cause = Exceptions.peel(thrown);
        return switch (cause) {
            case RefusedException e -> e.refusal();
            case MalformedSpansException e -> lasting(Outcome.MALFORMED, messageOf(e));
            case SinkException e -> of(e);
            case RequestTimeoutException _ ->
                    passing(Outcome.TIMED_OUT, "no answer within the request timeout");
            case ShuttingDownException _ ->
                    passing(Outcome.UNAVAILABLE, "the collector is closing");
            case ClosedStreamException _,
                    AbortedStreamException _,
                    CancelledSubscriptionException _,
                    ResponseCompleteException _ ->
                    lasting(Outcome.ABORTED, "the client left");
            default -> {
                log.atError().setCause(cause).log("Failed to take in a request");
                yield lasting(Outcome.BUG, "internal error");
            }
        };
    }

    /// Why a request was turned away at the door.
    static Refusal of(Entry.Denied denied) {
        return switch (denied.reason()) {
            case NO_CREDENTIAL, WRONG_CREDENTIAL ->
                    lasting(Outcome.UNAUTHENTICATED, denied.message());
            case NO_TENANT, INVALID_TENANT -> lasting(Outcome.NO_TENANT, denied.message());
            case WRONG_TENANT -> lasting(Outcome.FORBIDDEN, denied.message());
            case BUSY -> passing(Outcome.UNAVAILABLE, denied.message());
        };
    }

    private static Refusal of(SinkException e) {
        return switch (e.kind()) {
            case OVER_CAPACITY -> new Refusal(Outcome.OVER_CAPACITY, messageOf(e), e.retryAfter());
            case UNAVAILABLE -> new Refusal(Outcome.UNAVAILABLE, messageOf(e), e.retryAfter());
            case TOO_LARGE -> lasting(Outcome.TOO_LARGE, messageOf(e));
        };
    }

    private static String messageOf(Throwable e) {
        return String.valueOf(e.getMessage());
    }
}
