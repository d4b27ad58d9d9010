package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.DriverException;
import com.datastax.oss.driver.api.core.RequestThrottlingException;
import com.datastax.oss.driver.api.core.auth.AuthenticationException;
import com.datastax.oss.driver.api.core.connection.BusyConnectionException;
import com.datastax.oss.driver.api.core.connection.FrameTooLongException;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import com.datastax.oss.driver.api.core.servererrors.OverloadedException;
import com.datastax.oss.driver.api.core.servererrors.ProtocolError;
import com.datastax.oss.driver.api.core.servererrors.SyntaxError;
import com.datastax.oss.driver.api.core.type.codec.CodecNotFoundException;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

/// What the driver's failures mean for whoever asked.
final class Failures {

    /// What a node says that cannot read its own table of roles, and will when others are up.
    private static final String ROLES_ARE_AWAY = "Unable to perform authentication";

    private Failures() {}

    static StoreException of(String what, Throwable failure) {
        return switch (failure) {
            case StoreException known -> known;
            case ExecutionException e when e.getCause() != null -> of(what, e.getCause());
            case CompletionException e when e.getCause() != null -> of(what, e.getCause());
            default ->
                    new StoreException(kind(failure), what + ": " + failure.getMessage(), failure);
        };
    }

    /// What kept a session from being made; with a [SettingsException] for a cause where a node
    /// answered and will not have us, or we it.
    static StoreException ofConnecting(CassandraConfig config, Throwable failure) {
        if (failure instanceof ExecutionException e && e.getCause() != null) {
            return ofConnecting(config, e.getCause());
        }
        String what = "connect to " + config.contactPoints();
        return errors(failure)
                .map(error -> refusal(config, error))
                .flatMap(Optional::stream)
                .findFirst()
                .map(text ->
                        new StoreException(
                                Kind.UNAVAILABLE,
                                what + ": " + text,
                                new SettingsException(text, failure)))
                .orElseGet(() -> of(what, failure));
    }

    // One for each attempt at each node.
    private static Stream<Throwable> errors(Throwable failure) {
        return failure instanceof AllNodesFailedException all
                ? all.getAllErrors().values().stream().flatMap(List::stream)
                : Stream.of(failure);
    }

    private static Optional<String> refusal(CassandraConfig config, Throwable error) {
        if (error instanceof AuthenticationException
                && !String.valueOf(error.getMessage()).contains(ROLES_ARE_AWAY)) {
            return Optional.of(
                    (config.user().isEmpty()
                                    ? "no user is set, and a node wants one (expected: username and"
                                            + " password): "
                                    : "user "
                                            + config.user()
                                            + " is refused (expected: a role that may log in, with"
                                            + " its password): ")
                            + error.getMessage());
        }
        var tls = config.tls();
        return tls == null
                ? Optional.empty()
                : Stream.concat(Stream.of(error), Stream.of(error.getSuppressed()))
                        .map(tls::refusal)
                        .flatMap(Optional::stream)
                        .findFirst();
    }

    private static Kind kind(Throwable failure) {
        return switch (failure) {
            case OverloadedException _, BusyConnectionException _, RequestThrottlingException _ ->
                    Kind.OVER_CAPACITY;
            case AllNodesFailedException e -> kindOf(e);
            case FrameTooLongException _ -> Kind.INVALID_REQUEST;
            // It says so too when a table was dropped, which is no fault of the request.
            case InvalidQueryException e -> isTooLarge(e) ? Kind.INVALID_REQUEST : Kind.UNAVAILABLE;
            case SyntaxError _, ProtocolError _, CodecNotFoundException _ -> Kind.BUG;
            case DriverException e -> isTooLarge(e) ? Kind.INVALID_REQUEST : Kind.UNAVAILABLE;
            // What the driver throws once its session is closed.
            case IllegalStateException e when String.valueOf(e.getMessage()).contains("closed") ->
                    Kind.UNAVAILABLE;
            default -> Kind.BUG;
        };
    }

    // No node will take what one refuses for good; one that is merely busy will have time again.
    private static Kind kindOf(AllNodesFailedException failure) {
        var kinds =
                failure.getAllErrors().values().stream()
                        .flatMap(List::stream)
                        .map(Failures::kind)
                        .toList();
        return Stream.of(Kind.INVALID_REQUEST, Kind.OVER_CAPACITY)
                .filter(kinds::contains)
                .findFirst()
                .orElse(Kind.UNAVAILABLE);
    }

    /// Whether a server refused a value for its size, which it says in no other way than this.
    private static boolean isTooLarge(Throwable failure) {
        String text = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        return text.contains("exceeds allowed maximum")
                || text.contains("longer than maximum")
                || text.contains("too long")
                || text.contains("too large")
                || text.contains("oversized mutation");
    }
}
