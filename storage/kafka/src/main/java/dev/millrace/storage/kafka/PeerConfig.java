package dev.millrace.storage.kafka;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How the instances of the store ask one another.
///
/// @param host the address to listen on; null for all of them where there is a secret, and for this
///   machine alone where there is none
/// @param port to listen on; 0 for any that is free
/// @param secret that instances show one another; null when whoever reaches the port may ask
/// @param tls whether the others speak TLS
/// @param authorities PEM, those whose certificates the others may show; null for those that the
///   machine trusts
/// @param hedgeAfter how long an instance may be silent before a standby is asked too
/// @param patience how long an answer may take, whoever gives it
/// @param maxQuestions how many of the others' questions may be at work here at once
public record PeerConfig(
        @Nullable String host,
        int port,
        @Nullable SharedSecret secret,
        boolean tls,
        @Nullable Path authorities,
        Duration hedgeAfter,
        Duration patience,
        int maxQuestions) {

    public static final Duration DEFAULT_HEDGE_AFTER = Duration.ofMillis(500);
    public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(10);
    public static final int DEFAULT_MAX_QUESTIONS = 64;

    public PeerConfig {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 0 to 65535)");
        }
        if (authorities != null && !tls) {
            throw new IllegalArgumentException(
                    "authorities: " + authorities + " (expected: nothing, as there is no TLS)");
        }
        positive("hedge-after", hedgeAfter);
        positive("patience", patience);
        if (maxQuestions < 1) {
            throw new IllegalArgumentException(
                    "max-questions: " + maxQuestions + " (expected: at least 1)");
        }
    }

    private static void positive(String name, Duration value) {
        if (!value.isPositive() || value.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: more than 0s, at most 1 day)");
        }
    }

    /// In plain text, with the usual bounds.
    public static PeerConfig plain(@Nullable String host, int port, @Nullable SharedSecret secret) {
        return new PeerConfig(
                host,
                port,
                secret,
                false,
                null,
                DEFAULT_HEDGE_AFTER,
                DEFAULT_PATIENCE,
                DEFAULT_MAX_QUESTIONS);
    }
}
