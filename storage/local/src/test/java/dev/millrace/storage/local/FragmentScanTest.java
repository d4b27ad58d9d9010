package dev.millrace.storage.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apache.lucene.util.BytesRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FragmentScanTest {

    private static final Tenant TENANT = new Tenant("acme");

    private final FragmentScan scan = new FragmentScan();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void spellsEveryAttributeAsAQueryDoes(long seed) {
        // Given
        var random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            var attribute = new Attribute(text(random), value(random, 3));

            // When
            scan.scan(TENANT, body(Attributes.of(attribute)));

            // Then
            assertThat(terms())
                    .as("seed %s, attribute %s: %s", seed, i, attribute)
                    .contains(
                            Terms.attribute(TENANT, attribute.key(), attribute.value().toString()));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void survivesAnyBytes(long seed) {
        // Given
        var random = new Random(seed);
        byte[] valid = body(Attributes.of(new Attribute("key", value(random, 3)))).toByteArray();
        int malformed = 0;
        for (int i = 0; i < 3_000; i++) {
            byte[] bytes = valid.clone();
            for (int flip = 0; flip <= random.nextInt(4); flip++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }

            // When
            try {
                scan.scan(TENANT, Slice.of(bytes, 0, random.nextInt(bytes.length + 1)));
            } catch (MalformedSpansException _) {
                malformed++;
            }
        }

        // Then
        assertThat(malformed).as("seed %s", seed).isBetween(1, 2_999);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void hasTheTermsOfEverySpanWhateverTheyHaveInCommon(long seed) {
        // Given
        var random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            var spans = new ArrayList<Span>();
            var each = new HashSet<BytesRef>();
            for (int number = 0; number < 4; number++) {
                var span = span(number + 1, alikeAttributes(random));
                spans.add(span);
                scan.scan(TENANT, OtlpEncoder.encode(List.of(span)));
                terms().forEach(term -> each.add(BytesRef.deepCopyOf(term)));
            }

            // When
            scan.scan(TENANT, OtlpEncoder.encode(spans));

            // Then
            assertThat(terms()).as("seed %s, trace %s", seed, i).isEqualTo(each);
        }
    }

    // More of them now and then than are compared from span to span.
    private static Attributes alikeAttributes(Random random) {
        var attributes = new ArrayList<Attribute>();
        int count = random.nextInt(10) == 0 ? 70 : random.nextInt(6);
        for (int number = 0; number < count; number++) {
            int key = random.nextInt(4) == 0 ? random.nextInt(6) : number;
            attributes.add(new Attribute("key-" + key, new AttributeValue.Int(random.nextInt(2))));
        }
        return new Attributes(attributes);
    }

    @Test
    void forgetsTheTermsOfAGiantFragment() {
        // Given
        var many = new ArrayList<Attribute>();
        for (int i = 0; i < 50_000; i++) {
            many.add(new Attribute("key-" + i, new AttributeValue.Int(i)));
        }
        scan.scan(TENANT, body(new Attributes(many)));
        assertThat(scan.terms.count()).isGreaterThan(50_000);
        var attribute = new Attribute("key-0", new AttributeValue.Int(0));

        // When
        scan.scan(TENANT, body(Attributes.of(attribute)));

        // Then
        assertThat(terms()).hasSize(6).contains(Terms.attribute(TENANT, "key-0", "0"));
    }

    private Set<BytesRef> terms() {
        var terms = new HashSet<BytesRef>();
        for (int i = 0; i < scan.terms.count(); i++) {
            terms.add(
                    new BytesRef(
                            scan.terms.text.bytes, scan.terms.offset(i), scan.terms.length(i)));
        }
        return terms;
    }

    private static Slice body(Attributes attributes) {
        return OtlpEncoder.encode(List.of(span(3, attributes)));
    }

    private static Span span(long id, Attributes attributes) {
        return Span.builder(new TraceId(1, 2), new SpanId(id))
                .name("name")
                .time(5, 6)
                .attributes(attributes, 0)
                .build();
    }

    private static AttributeValue value(Random random, int depth) {
        return switch (random.nextInt(depth > 0 ? 8 : 6)) {
            case 0 -> new AttributeValue.Text(text(random));
            case 1 -> new AttributeValue.Bool(random.nextBoolean());
            case 2 -> new AttributeValue.Int(random.nextLong() >> random.nextInt(64));
            case 3 -> new AttributeValue.Real(random.nextGaussian());
            case 4 -> new AttributeValue.Bytes(Slice.of(text(random).getBytes(UTF_8)));
            case 5 -> new AttributeValue.Empty();
            case 6 -> {
                var values = new ArrayList<AttributeValue>();
                for (int i = 0; i < random.nextInt(5); i++) {
                    values.add(value(random, depth - 1));
                }
                yield new AttributeValue.Array(values);
            }
            default -> {
                var entries = new ArrayList<Attribute>();
                for (int i = 0; i < random.nextInt(5); i++) {
                    entries.add(new Attribute(text(random), value(random, depth - 1)));
                }
                yield new AttributeValue.Nested(new Attributes(entries));
            }
        };
    }

    // Now and then over the length at which terms are cut.
    private static String text(Random random) {
        String alphabet = "ab=,[{ é€😀";
        var text = new StringBuilder();
        int length = random.nextInt(random.nextInt(10) == 0 ? 300 : 12);
        for (int i = 0; i < length; i++) {
            int at = random.nextInt(alphabet.length() - 1);
            text.appendCodePoint(
                    Character.isLowSurrogate(alphabet.charAt(at))
                            ? alphabet.codePointAt(at - 1)
                            : alphabet.codePointAt(at));
        }
        return text.toString();
    }
}
