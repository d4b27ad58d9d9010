package dev.millrace.enrichment.rules;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Slice;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// What stands in the place of a redacted value.
sealed interface Replacement {

    AttributeValue of(AttributeValue value);

    /// The same text for every value.
    record Fixed(String text) implements Replacement {
        @Override
        public AttributeValue of(AttributeValue value) {
            return new AttributeValue.Text(text);
        }
    }

    /// A text that is the same for equal values, and from which nobody finds the value who does not
    /// have the key: half of an HMAC-SHA256, in hexadecimal digits.
    record KeyedHash(Slice key) implements Replacement {

        private static final String ALGORITHM = "HmacSHA256";
        private static final int LEAST_KEY_BYTES = 16;
        private static final int HASH_BYTES = 16;

        public KeyedHash {
            if (key.length() < LEAST_KEY_BYTES) {
                throw new IllegalArgumentException(
                        "key: "
                                + key.length()
                                + " bytes (expected: at least "
                                + LEAST_KEY_BYTES
                                + ")");
            }
        }

        @Override
        public AttributeValue of(AttributeValue value) {
            try {
                var mac = Mac.getInstance(ALGORITHM);
                mac.init(new SecretKeySpec(key.array(), key.offset(), key.length(), ALGORITHM));
                byte[] hash =
                        mac.doFinal(
                                value instanceof AttributeValue.Bytes(Slice bytes)
                                        ? bytes.toByteArray()
                                        : ValueText.of(value).getBytes(UTF_8));
                return new AttributeValue.Text(HexFormat.of().formatHex(hash, 0, HASH_BYTES));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every Java has " + ALGORITHM, e);
            }
        }
    }
}
