package dev.millrace.wire.zipkin;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Random JSON, written in each way that RFC 8259 leaves open.
final class RandomJson {

    private static final List<String> SPACES = List.of("", "", "", " ", "\n", "\r\n", "\t", "   ");
    private static final List<String> ESCAPES =
            List.of("\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t");
    // One to four bytes of UTF-8, the first and last of each length, and what lines end in.
    private static final int[] CHARACTERS = {
        ' ', '/', '~', 0x7f, 0x80, 'é', 0x7ff, 0x800, '…', 0x2028, 0xd7ff, 0xe000, 0xfffd, 0xffff,
        0x10000, 0x1f680, 0x10ffff
    };
    private static final List<String> FEW_NAMES = List.of("a", "b", "id", "name", "tags", "");

    private final RandomGenerator random;
    private final StringBuilder json = new StringBuilder();

    RandomJson(long seed) {
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    RandomGenerator random() {
        return random;
    }

    /// Text as it stands in the document.
    RandomJson add(String text) {
        json.append(text);
        return this;
    }

    RandomJson space() {
        return add(one(SPACES));
    }

    byte[] bytes() {
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    /// A value of any kind with space around it, nested at most so deep.
    RandomJson value(int depth) {
        space();
        switch (random.nextInt(depth > 0 ? 8 : 6)) {
            case 0 -> add("null");
            case 1 -> add("true");
            case 2 -> add("false");
            case 3, 4 -> text();
            case 5 -> number();
            case 6 -> list(depth - 1);
            default -> object(depth - 1);
        }
        return space();
    }

    private void list(int depth) {
        add("[").space();
        for (int left = random.nextInt(5); left > 0; left--) {
            value(depth).add(left > 1 ? "," : "");
        }
        add("]");
    }

    // Of few names, so that some come twice.
    private void object(int depth) {
        add("{").space();
        for (int left = random.nextInt(6); left > 0; left--) {
            space();
            if (random.nextInt(3) == 0) {
                text(false);
            } else {
                name(one(FEW_NAMES));
            }
            space().add(":").value(depth).add(left > 1 ? "," : "");
        }
        add("}");
    }

    /// A name that others look for, some of its characters escaped.
    RandomJson name(String name) {
        add("\"");
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (random.nextInt(12) == 0) {
                unit(c);
            } else {
                json.append(c);
            }
        }
        return add("\"");
    }

    /// A text in quotes.
    RandomJson text() {
        return text(true);
    }

    private RandomJson text(boolean halves) {
        add("\"");
        int length = random.nextInt(random.nextInt(8) == 0 ? 80 : 12);
        for (int i = 0; i < length; i++) {
            switch (random.nextInt(10)) {
                case 0 -> add(one(ESCAPES));
                case 1 -> unit(random.nextInt(0xd800));
                case 2 -> pair();
                case 3 -> unit(halves ? random.nextInt(0xd800, 0xe000) : '"');
                case 4 -> json.appendCodePoint(CHARACTERS[random.nextInt(CHARACTERS.length)]);
                default -> json.append((char) random.nextInt('a', 'z' + 1));
            }
        }
        return add("\"");
    }

    private void pair() {
        for (char unit : Character.toChars(random.nextInt(0x10000, 0x110000))) {
            unit(unit);
        }
    }

    private void unit(int unit) {
        add((random.nextBoolean() ? "\\u%04x" : "\\u%04X").formatted(unit));
    }

    /// A number of at most 36 characters.
    RandomJson number() {
        add(random.nextInt(4) == 0 ? "-" : "");
        if (random.nextInt(5) == 0) {
            add("0");
        } else {
            json.append((char) random.nextInt('1', '9' + 1));
            digits(random.nextInt(20));
        }
        if (random.nextInt(4) == 0) {
            add(".");
            digits(random.nextInt(1, 11));
        }
        if (random.nextInt(4) == 0) {
            add(one(List.of("e", "E"))).add(one(List.of("", "+", "-")));
            digits(random.nextInt(1, 3));
        }
        return this;
    }

    private void digits(int count) {
        for (int i = 0; i < count; i++) {
            json.append((char) random.nextInt('0', '9' + 1));
        }
    }
}
