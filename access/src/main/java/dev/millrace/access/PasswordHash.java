package dev.millrace.access;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/// A password by its PBKDF2 hash, which is slow to compute on purpose.
///
/// So it is computed for the first request with the right password only: from then on that password
/// is known by its SHA-256, and every other one is wrong without a look. Until then one guess at a
/// time is looked at, so that guesses cannot take the machine.
final class PasswordHash {

    private static final Pattern FORM =
            Pattern.compile("\\$pbkdf2-sha256\\$(\\d{1,8})\\$([A-Za-z0-9./]+)\\$([A-Za-z0-9./]+)");
    private static final int LEAST_ITERATIONS = 1_000;
    private static final int MOST_ITERATIONS = 2_000_000;

    /// What comes of comparing.
    enum Match {
        RIGHT,
        WRONG,
        /// Another guess is being looked at: try again later.
        BUSY
    }

    private final int iterations;
    private final byte[] salt;
    private final byte[] hash;
    private final AtomicBoolean atWork = new AtomicBoolean();
    private volatile @Nullable Secret known;

    private PasswordHash(int iterations, byte[] salt, byte[] hash) {
        this.iterations = iterations;
        this.salt = salt;
        this.hash = hash;
    }

    /// @param text as Passlib's `pbkdf2_sha256` writes it
    /// @throws IllegalArgumentException when it is not, without the text in its message
    static PasswordHash parse(String text) {
        var matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("(expected: $pbkdf2-sha256$rounds$salt$hash)");
        }
        int iterations = Integer.parseInt(matcher.group(1));
        byte[] salt = decode(matcher.group(2));
        byte[] hash = decode(matcher.group(3));
        if (iterations < LEAST_ITERATIONS || iterations > MOST_ITERATIONS) {
            throw new IllegalArgumentException(
                    iterations
                            + " rounds (expected: "
                            + LEAST_ITERATIONS
                            + " to "
                            + MOST_ITERATIONS
                            + ")");
        }
        if (hash.length != Secret.BYTES || salt.length < 8) {
            throw new IllegalArgumentException(
                    hash.length
                            + " bytes of hash, "
                            + salt.length
                            + " of salt (expected: "
                            + Secret.BYTES
                            + " and at least 8)");
        }
        return new PasswordHash(iterations, salt, hash);
    }

    /// Whether [#compare] will answer at once.
    boolean isKnown() {
        return known != null;
    }

    Match compare(String password) {
        var secret = Secret.of(password);
        var right = known;
        if (right != null) {
            return right.equals(secret) ? Match.RIGHT : Match.WRONG;
        }
        if (!atWork.compareAndSet(false, true)) {
            return Match.BUSY;
        }
        try {
            if (!MessageDigest.isEqual(hash, compute(password))) {
                return Match.WRONG;
            }
        } finally {
            atWork.set(false);
        }
        known = secret;
        return Match.RIGHT;
    }

    @Override
    public String toString() {
        return "password hash";
    }

    private byte[] compute(String password) {
        var spec =
                new PBEKeySpec(password.toCharArray(), salt, iterations, Secret.BYTES * Byte.SIZE);
        try {
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(spec)
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("PBKDF2WithHmacSHA256: " + e.getMessage(), e);
        } finally {
            spec.clearPassword();
        }
    }

    // Passlib writes a dot for the plus and no padding.
    private static byte[] decode(String text) {
        try {
            return Base64.getDecoder().decode(text.replace('.', '+'));
        } catch (IllegalArgumentException _) {
            throw new IllegalArgumentException("(expected: salt and hash in base 64)");
        }
    }
}
