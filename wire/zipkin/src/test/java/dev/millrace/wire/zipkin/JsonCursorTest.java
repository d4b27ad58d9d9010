package dev.millrace.wire.zipkin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Reads random documents with Jackson as well.
///
/// Jackson refuses half a surrogate pair in a name, which we read as we read it in a text.
final class JsonCursorTest {

    private static final JsonFactory JACKSON = new JsonFactory();
    private static final int MAX_BYTES = 1 << 20;
    private static final int DEPTH = 5;
    private static final long NOW = 1_790_000_000_000_000_000L;

    @Test
    void readsEachDocumentAsJacksonDoes() throws IOException {
        for (long seed = 0; seed < 20_000; seed++) {
            // Given
            byte[] document = new RandomJson(seed).value(DEPTH).bytes();

            // Then
            assertThat(ours(document))
                    .as("seed %s: %s", seed, shown(document))
                    .isEqualTo(jacksons(document));
            assertThat(skips(document)).as("seed %s: %s", seed, shown(document)).isTrue();
        }
    }

    /// ASCII for ASCII: Jackson lets some bytes pass that are not UTF-8, and we let none.
    @Test
    void refusesEachDocumentThatJacksonRefuses() throws IOException {
        int refused = 0;
        for (long seed = 0; seed < 20_000; seed++) {
            // Given
            var json = new RandomJson(seed);
            byte[] document = broken(json.value(DEPTH).bytes(), json);

            // When
            Object jacksons;
            try {
                jacksons = jacksons(document);
            } catch (JsonProcessingException e) {
                if (e.getOriginalMessage().contains("surrogate")) {
                    continue;
                }
                refused++;
                // Then
                assertThat(skips(document)).as("seed %s: %s", seed, shown(document)).isFalse();
                continue;
            }

            // Then
            assertThat(ours(document)).as("seed %s: %s", seed, shown(document)).isEqualTo(jacksons);
        }
        assertThat(refused).isBetween(5_000, 19_000);
    }

    @Test
    void readsHalfASurrogatePairInANameAsInAText() {
        byte[] document =
                """
                {"\\ud800-": "\\udc00-"}\
                """
                        .getBytes(StandardCharsets.UTF_8);

        assertThat(ours(document)).isEqualTo(List.of(new Member("\ufffd-", "\ufffd-")));
    }

    @Test
    void readsEachWholeNumberAsJacksonDoes() throws IOException {
        for (long seed = 0; seed < 20_000; seed++) {
            // Given
            byte[] number = new RandomJson(seed).number().bytes();
            byte[] quoted = ("\"" + shown(number) + "\"").getBytes(StandardCharsets.UTF_8);

            // Then
            boolean whole = shown(number).chars().allMatch(c -> c == '-' || Character.isDigit(c));
            long expected =
                    whole
                            ? nearest(new BigDecimal(shown(number)))
                            : (long) Double.parseDouble(shown(number));
            assertThat(jacksons(number)).isEqualTo(new Digits(shown(number)));
            assertThat(cursor(number).integer())
                    .as("seed %s: %s", seed, shown(number))
                    .isEqualTo(expected);
            assertThat(cursor(quoted).integer())
                    .as("seed %s: %s", seed, shown(quoted))
                    .isEqualTo(expected);
        }
    }

    /// What a span keeps, whatever else is in it and however often it comes.
    @Test
    void keepsOfASpanWhatJacksonFindsInIt() throws IOException {
        for (long seed = 0; seed < 5_000; seed++) {
            // Given
            byte[] document = span(new RandomJson(seed));
            var expected = new Kept();
            try (var parser = JACKSON.createParser(document)) {
                parser.nextToken();
                parser.nextToken();
                expected.read(parser);
            }

            // When
            var spans =
                    OtlpDecoder.spans(
                            new ZipkinDecoder(MAX_BYTES)
                                    .traces(ZipkinFormat.JSON_V2, Slice.of(document), NOW));

            // Then
            assertThat(spans).as("seed %s: %s", seed, shown(document)).hasSize(1);
            var span = spans.getFirst();
            var tags = new TreeMap<String, String>();
            span.attributes()
                    .forEach(tag -> {
                        if (tag.key().startsWith("t.")) {
                            tags.put(tag.key(), text(tag.value()));
                        }
                    });
            assertThat(span.name()).as("seed %s", seed).isEqualTo(expected.name);
            assertThat(span.serviceName()).as("seed %s", seed).isEqualTo(expected.service);
            assertThat(span.startNanos()).as("seed %s", seed).isEqualTo(expected.micros * 1_000);
            assertThat(tags).as("seed %s: %s", seed, shown(document)).isEqualTo(expected.tags);
        }
    }

    private static String text(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Text(String text) -> text;
            default -> throw new AssertionError(value + " (expected: a text)");
        };
    }

    /// A list with one span: fields twice, unknown ones between them, names with escapes.
    private static byte[] span(RandomJson json) {
        json.space().add("[").space().add("{");
        json.name("traceId").add(":\"5b8efff798038103d269b633813fc60c\",");
        json.name("id").add(":\"eee19b7ec3c1b174\",").name("timestamp").add(":1790000000000000");
        for (int left = json.random().nextInt(1, 12); left > 0; left--) {
            json.add(",").space();
            switch (json.random().nextInt(5)) {
                case 0 -> json.name("name").space().add(":").space().text();
                case 1 ->
                        json.name("timestamp")
                                .add(":")
                                .space()
                                .add(Long.toString(json.random().nextLong(1, 1L << 53)));
                case 2 -> {
                    json.name("localEndpoint").space().add(":{").name("serviceName").add(":");
                    json.text().add(",").name("unknown").add(":").value(3).add("}");
                }
                case 3 -> tags(json);
                default -> json.name("unknown-" + left).space().add(":").value(DEPTH);
            }
            json.space();
        }
        return json.add("}").space().add("]").space().bytes();
    }

    private static void tags(RandomJson json) {
        json.name("tags").add(":").space().add("{");
        for (int left = json.random().nextInt(6); left > 0; left--) {
            json.name("t." + json.random().nextInt(4)).add(":").space().text().space();
            json.add(left > 1 ? "," : "");
        }
        json.add("}");
    }

    /// The same fields by Jackson; the last of each stands.
    private static final class Kept {
        private final Map<String, String> tags = new TreeMap<>();
        private String name = "";
        private String service = Resource.UNKNOWN_SERVICE;
        private long micros;

        private void read(JsonParser parser) throws IOException {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                switch (field) {
                    case "name" -> name = wellFormed(parser.getText());
                    case "timestamp" -> micros = parser.getLongValue();
                    case "localEndpoint" -> endpoint(parser);
                    case "tags" -> {
                        while (parser.nextToken() == JsonToken.FIELD_NAME) {
                            String key = parser.currentName();
                            tags.put(key, wellFormed(parser.nextTextValue()));
                        }
                    }
                    default -> parser.skipChildren();
                }
            }
        }

        private void endpoint(JsonParser parser) throws IOException {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                if (field.equals("serviceName")) {
                    String text = wellFormed(parser.getText());
                    service = text.isEmpty() ? Resource.UNKNOWN_SERVICE : text;
                }
                parser.skipChildren();
            }
        }
    }

    private static byte[] broken(byte[] document, RandomJson json) {
        byte[] broken = document.clone();
        int at = json.random().nextInt(broken.length);
        if (json.random().nextInt(4) == 0) {
            return Arrays.copyOf(broken, at);
        }
        if (broken[at] > 0) {
            broken[at] = (byte) json.random().nextInt(1, 0x80);
        }
        return broken;
    }

    /// A member of an object; a list of them is the object, so that names may come twice.
    private record Member(String name, Object value) {}

    /// A number as it is written.
    private record Digits(String text) {}

    private enum Word {
        NULL,
        TRUE,
        FALSE,
        NOTHING
    }

    private static JsonCursor cursor(byte[] document) {
        return new JsonCursor(document, 0, document.length, new Texts(document, MAX_BYTES));
    }

    private static boolean skips(byte[] document) {
        var cursor = cursor(document);
        try {
            cursor.skip();
            cursor.expectEnd();
            return true;
        } catch (MalformedSpansException _) {
            return false;
        }
    }

    private static Object ours(byte[] document) {
        var texts = new Texts(document, MAX_BYTES);
        var cursor = new JsonCursor(document, 0, document.length, texts);
        Object value = ours(cursor, texts);
        cursor.expectEnd();
        return value;
    }

    private static Object ours(JsonCursor cursor, Texts texts) {
        if (cursor.skippedNull()) {
            return Word.NULL;
        }
        return switch (cursor.peek()) {
            case '{' -> {
                var members = new ArrayList<Member>();
                boolean more = cursor.begin('{', '}');
                while (more) {
                    String name = texts.string(cursor.name());
                    members.add(new Member(name, ours(cursor, texts)));
                    more = cursor.more('}');
                }
                yield members;
            }
            case '[' -> {
                var values = new ArrayList<>();
                boolean more = cursor.begin('[', ']');
                while (more) {
                    values.add(ours(cursor, texts));
                    more = cursor.more(']');
                }
                yield values;
            }
            case 't', 'f' -> cursor.bool() ? Word.TRUE : Word.FALSE;
            case '"' -> texts.string(cursor.text());
            default -> new Digits(texts.string(cursor.number()));
        };
    }

    private static Object jacksons(byte[] document) throws IOException {
        try (var parser = JACKSON.createParser(document)) {
            Object value = parser.nextToken() == null ? Word.NOTHING : jacksons(parser);
            if (value == Word.NOTHING || parser.nextToken() != null) {
                throw new JsonParseException(parser, "not one value");
            }
            return value;
        }
    }

    private static Object jacksons(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                var members = new ArrayList<Member>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = wellFormed(parser.currentName());
                    parser.nextToken();
                    members.add(new Member(name, jacksons(parser)));
                }
                yield members;
            }
            case START_ARRAY -> {
                List<Object> values = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    values.add(jacksons(parser));
                }
                yield values;
            }
            case VALUE_NULL -> Word.NULL;
            case VALUE_TRUE -> Word.TRUE;
            case VALUE_FALSE -> Word.FALSE;
            case VALUE_STRING -> wellFormed(parser.getText());
            default -> new Digits(parser.getText());
        };
    }

    // Half a pair is a char to Jackson, and nothing that UTF-8 can have.
    private static String wellFormed(String text) {
        var whole = new StringBuilder();
        text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
                .forEach(whole::appendCodePoint);
        return whole.toString();
    }

    private static long nearest(BigDecimal number) {
        return number.max(BigDecimal.valueOf(Long.MIN_VALUE))
                .min(BigDecimal.valueOf(Long.MAX_VALUE))
                .longValue();
    }

    private static String shown(byte[] document) {
        return new String(document, StandardCharsets.UTF_8);
    }
}
