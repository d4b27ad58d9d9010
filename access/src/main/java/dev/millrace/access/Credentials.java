package dev.millrace.access;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// All credentials of a file, by what is shown for them.
///
/// Immutable but for what [PasswordHash] remembers, and safe for use by any number of threads.
final class Credentials {

    /// Who a request comes from.
    sealed interface Identity {

        record Known(Credential credential) implements Identity {}

        /// Nothing was shown.
        record Absent() implements Identity {}

        /// What was shown is nobody's.
        record Wrong() implements Identity {}

        /// What was shown cannot be looked at just now.
        record Busy() implements Identity {}
    }

    /// How the password of a user is known.
    sealed interface Password {

        record Plain(Secret secret) implements Password {}

        record Hashed(PasswordHash hash) implements Password {}
    }

    private record Login(Credential credential, Password password) {}

    private final Map<Secret, Credential> tokens;
    private final Map<String, Login> logins;
    private final Map<String, Credential> certificates;

    private Credentials(Builder builder) {
        this.tokens = Map.copyOf(builder.tokens);
        this.logins = Map.copyOf(builder.logins);
        this.certificates = Map.copyOf(builder.certificates);
    }

    static Builder builder() {
        return new Builder();
    }

    /// The ways to come in that a client may choose from after a refusal, for `WWW-Authenticate`.
    String challenge() {
        var bearer = tokens.isEmpty() && !logins.isEmpty() ? "" : "Bearer realm=\"millrace\"";
        var basic = logins.isEmpty() ? "" : "Basic realm=\"millrace\", charset=\"UTF-8\"";
        return bearer.isEmpty() || basic.isEmpty() ? bearer + basic : bearer + ", " + basic;
    }

    /// Whether a look at this will take so long that it must not happen on an event loop.
    boolean isSlow(Authorization shown) {
        return shown instanceof Authorization.Basic basic
                && logins.get(basic.user()) instanceof Login(_, Password.Hashed(var hash))
                && !hash.isKnown();
    }

    Identity identify(Authorization shown, @Nullable SSLSession session) {
        return switch (shown) {
            case Authorization.None _ -> byCertificate(session);
            case Authorization.Unreadable _ -> new Identity.Wrong();
            case Authorization.Bearer(var token) -> known(tokens.get(Secret.of(token)));
            case Authorization.Basic(var user, var password) -> byPassword(user, password);
        };
    }

    private Identity byPassword(String user, String password) {
        var login = logins.get(user);
        if (login == null) {
            return new Identity.Wrong();
        }
        return switch (login.password()) {
            case Password.Plain(var secret) ->
                    secret.equals(Secret.of(password))
                            ? new Identity.Known(login.credential())
                            : new Identity.Wrong();
            case Password.Hashed(var hash) ->
                    switch (hash.compare(password)) {
                        case RIGHT -> new Identity.Known(login.credential());
                        case WRONG -> new Identity.Wrong();
                        case BUSY -> new Identity.Busy();
                    };
        };
    }

    private Identity byCertificate(@Nullable SSLSession session) {
        if (session == null || certificates.isEmpty()) {
            return new Identity.Absent();
        }
        var names = CertificateNames.of(session);
        if (names.isEmpty()) {
            return new Identity.Absent();
        }
        return known(
                names.stream()
                        .map(certificates::get)
                        .flatMap(credential -> Optional.ofNullable(credential).stream())
                        .findFirst()
                        .orElse(null));
    }

    private static Identity known(@Nullable Credential credential) {
        return credential == null ? new Identity.Wrong() : new Identity.Known(credential);
    }

    /// Gathers credentials and refuses what two of them would share.
    static final class Builder {

        private final Map<Secret, Credential> tokens = new HashMap<>();
        private final Map<String, Login> logins = new HashMap<>();
        private final Map<String, Credential> certificates = new HashMap<>();

        private Builder() {}

        Builder token(Credential credential, Secret token) {
            var other = tokens.putIfAbsent(token, credential);
            if (other != null) {
                throw new IllegalArgumentException(
                        "token: the same as of " + other.name() + " (expected: another)");
            }
            return this;
        }

        Builder password(Credential credential, String user, Password password) {
            if (user.isEmpty() || user.indexOf(':') >= 0) {
                throw new IllegalArgumentException(
                        "user: \"" + user + "\" (expected: a name without a colon)");
            }
            var other = logins.putIfAbsent(user, new Login(credential, password));
            if (other != null) {
                throw taken("user", user, other.credential());
            }
            return this;
        }

        Builder certificate(Credential credential, String name) {
            var other = certificates.putIfAbsent(name, credential);
            if (other != null) {
                throw taken("certificate", name, other);
            }
            return this;
        }

        Credentials build() {
            return new Credentials(this);
        }

        private static IllegalArgumentException taken(String key, String value, Credential owner) {
            return new IllegalArgumentException(
                    key + ": " + value + ", as of " + owner.name() + " (expected: another)");
        }
    }
}
