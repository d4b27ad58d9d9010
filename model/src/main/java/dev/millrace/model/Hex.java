package dev.millrace.model;

import java.util.HexFormat;

/// Fixed-width hexadecimal digits of the two ids.
final class Hex {

    private Hex() {}

    static String of(long value) {
        return HexFormat.of().toHexDigits(value);
    }
}
