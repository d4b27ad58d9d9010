package dev.millrace.storage.cassandra;

import dev.millrace.model.AttributeValue;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;
import java.util.Optional;

/// Values as Jaeger's index of tags has them.
final class TagText {

    /// Jaeger indexes what is shorter.
    private static final int BOUND = 256;

    private static final MathContext DIGITS = new MathContext(10);

    private TagText() {}

    /// What Jaeger writes for the value of a tag; nothing for bytes, which it does not index.
    static Optional<String> of(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Bytes _ -> Optional.empty();
            case AttributeValue.Real(double number) -> Optional.of(real(number));
            case AttributeValue.Text _,
                    AttributeValue.Bool _,
                    AttributeValue.Int _,
                    AttributeValue.Array _,
                    AttributeValue.Nested _,
                    AttributeValue.Empty _ ->
                    Optional.of(value.toString());
        };
    }

    /// Whether the index has rows for such a tag: neither for long ones nor for what may be a JSON
    /// object, nor for the service, which has an index of its own.
    static boolean isIndexed(String key, String value) {
        return !key.equals("service.name")
                && !value.startsWith("{")
                && isShort(key)
                && isShort(value);
    }

    private static boolean isShort(String text) {
        int bytes = 0;
        for (int i = 0; i < text.length() && bytes < BOUND; i++) {
            char c = text.charAt(i);
            // Each half of a surrogate pair counts for two of its four bytes.
            bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return bytes < BOUND;
    }

    // Ten digits as Go's %g prints them: plain from 0.0001 to below 10^10.
    private static String real(double number) {
        if (Double.isNaN(number)) {
            return "NaN";
        }
        if (Double.isInfinite(number)) {
            return number > 0 ? "+Inf" : "-Inf";
        }
        if (number == 0) {
            return 1 / number < 0 ? "-0" : "0";
        }
        var decimal = new BigDecimal(number).round(DIGITS).stripTrailingZeros();
        int exponent = decimal.precision() - decimal.scale() - 1;
        if (exponent >= -4 && exponent < DIGITS.getPrecision()) {
            return decimal.toPlainString();
        }
        String digits = decimal.unscaledValue().abs().toString();
        return (number < 0 ? "-" : "")
                + digits.charAt(0)
                + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + String.format(
                        Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
}
