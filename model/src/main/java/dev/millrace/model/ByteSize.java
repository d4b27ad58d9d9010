package dev.millrace.model;

import java.util.Locale;
import java.util.regex.Pattern;

/// A number of bytes, written as people write it: `64KiB`, `8MiB`, `2GiB` or `500` for plain bytes.
public record ByteSize(long bytes) {

    private static final Pattern TEXT = Pattern.compile("(\\d{1,18})\\s*(B|KiB|MiB|GiB|TiB)?");

    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("byte size: " + bytes + " (expected: >= 0)");
        }
    }

    /// @throws IllegalArgumentException naming the text and the forms that are understood
    public static ByteSize parse(String text) {
        var matcher = TEXT.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" (expected: a byte size such as 512, 64KiB, 8MiB or 2GiB)");
        }
        long number = Long.parseLong(matcher.group(1));
        int shift =
                switch (matcher.group(2)) {
                    case "KiB" -> 10;
                    case "MiB" -> 20;
                    case "GiB" -> 30;
                    case "TiB" -> 40;
                    case null, default -> 0;
                };
        if (number > Long.MAX_VALUE >> shift) {
            throw new IllegalArgumentException("\"" + text + "\" (expected: less than 8 EiB)");
        }
        return new ByteSize(number << shift);
    }

    public static ByteSize ofMebibytes(long mebibytes) {
        return new ByteSize(mebibytes << 20);
    }

    public int toIntExact() {
        return Math.toIntExact(bytes);
    }

    /// The largest unit that divides the size exactly.
    @Override
    public String toString() {
        String[] units = {"", "KiB", "MiB", "GiB", "TiB"};
        int unit = 0;
        long value = bytes;
        while (unit < units.length - 1 && value != 0 && value % 1024 == 0) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%d%s", value, units[unit]);
    }
}
