package dev.millrace.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// A secret by its SHA-256, which tells it from others and from which it cannot be had again.
///
/// Not a record, for its bytes are compared in constant time and never shown.
final class Secret {

    private static final String ALGORITHM = "SHA-256";
    static final int BYTES = 32;

    private final byte[] digest;

    private Secret(byte[] digest) {
        this.digest = digest;
    }

    static Secret of(String text) {
        return new Secret(sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    /// @param digest SHA-256 of the secret
    static Secret ofDigest(byte[] digest) {
        if (digest.length != BYTES) {
            throw new IllegalArgumentException(
                    "digest: " + digest.length + " bytes (expected: " + BYTES + ")");
        }
        return new Secret(digest.clone());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Secret secret && MessageDigest.isEqual(digest, secret.digest);
    }

    /// Tells nothing that helps to find the secret: whoever chooses a secret cannot choose its
    /// hash.
    @Override
    public int hashCode() {
        return (digest[0] & 0xff)
                | ((digest[1] & 0xff) << 8)
                | ((digest[2] & 0xff) << 16)
                | (digest[3] << 24);
    }

    @Override
    public String toString() {
        return "secret";
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance(ALGORITHM);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(ALGORITHM + ": every Java platform has it", e);
        }
    }
}
