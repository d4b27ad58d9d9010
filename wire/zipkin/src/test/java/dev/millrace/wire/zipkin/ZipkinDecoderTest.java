package dev.millrace.wire.zipkin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import zipkin2.codec.SpanBytesDecoder;
import zipkin2.codec.SpanBytesEncoder;

class ZipkinDecoderTest {

    private static final long NOW = 1_790_000_000_000_000_000L;
    private static final int MAX_BYTES = 1 << 20;

    /// Of a span in protobuf, by how much our bytes may be more than Zipkin's.
    private static final int SPARE = 16;

    private final ZipkinDecoder decoder = new ZipkinDecoder(MAX_BYTES);

    private Slice otlp(ZipkinFormat format, byte[] body) {
        return decoder.traces(format, Slice.of(body), NOW);
    }

    private List<Span> spans(ZipkinFormat format, String body) {
        return OtlpDecoder.spans(otlp(format, body.getBytes(StandardCharsets.UTF_8)));
    }

    private Span span(String json) {
        return spans(ZipkinFormat.JSON_V2, "[" + json + "]").getFirst();
    }

    private static SpanBytesEncoder encoder(ZipkinFormat format) {
        return switch (format) {
            case JSON_V1 -> SpanBytesEncoder.JSON_V1;
            case JSON_V2 -> SpanBytesEncoder.JSON_V2;
            case PROTOBUF -> SpanBytesEncoder.PROTO3;
            case THRIFT -> SpanBytesEncoder.THRIFT;
        };
    }

    private static SpanBytesDecoder decoder(ZipkinFormat format) {
        return switch (format) {
            case JSON_V1 -> SpanBytesDecoder.JSON_V1;
            case JSON_V2 -> SpanBytesDecoder.JSON_V2;
            case PROTOBUF -> SpanBytesDecoder.PROTO3;
            case THRIFT -> SpanBytesDecoder.THRIFT;
        };
    }

    @ParameterizedTest
    @EnumSource
    void readsWhatZipkinWritesAsZipkinReadsIt(ZipkinFormat format) {
        for (long seed = 0; seed < 200; seed++) {
            // Given
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            byte[] golden = encoder(format).encodeList(GoldenSpans.random(random, 5));
            var zipkins = decoder(format).decodeList(golden);

            // When
            var spans = OtlpDecoder.spans(otlp(format, golden));
            var again = ZipkinEncoder.json(otlp(format, golden));

            // Then
            assertThat(ZipkinFormat.detect(Slice.of(golden))).as("seed %s", seed).isEqualTo(format);
            assertThat(spans).as("seed %s", seed).hasSize(zipkins.size());
            assertThat(SpanBytesDecoder.JSON_V2.decodeList(again.toByteArray()))
                    .as("seed %s", seed)
                    .isEqualTo(zipkins);
        }
    }

    @Test
    void bothEncodersSayTheSame() {
        for (long seed = 0; seed < 100; seed++) {
            // Given
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            var zipkins = GoldenSpans.random(random, 5);
            var otlp = otlp(ZipkinFormat.JSON_V2, SpanBytesEncoder.JSON_V2.encodeList(zipkins));

            // When
            var proto = ZipkinEncoder.protobuf(otlp);

            // Then
            assertThat(SpanBytesDecoder.PROTO3.decodeList(proto.toByteArray()))
                    .as("seed %s", seed)
                    .isEqualTo(zipkins);
            assertThat(OtlpDecoder.spans(decoder.traces(ZipkinFormat.PROTOBUF, proto, NOW)))
                    .as("seed %s", seed)
                    .isEqualTo(OtlpDecoder.spans(otlp));
        }
    }

    @Test
    void listsOfALimitedSizeHoldWhatOneWouldInItsOrder() {
        for (long seed = 0; seed < 50; seed++) {
            // Given
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            var zipkins = GoldenSpans.random(random, 20);
            var otlp = otlp(ZipkinFormat.PROTOBUF, SpanBytesEncoder.PROTO3.encodeList(zipkins));
            int most = 300 + random.nextInt(1_000);

            // When
            var made = ZipkinEncoder.protobuf(otlp, most);

            // Then
            var fitting =
                    zipkins.stream()
                            .filter(span ->
                                    SpanBytesEncoder.PROTO3.encodeList(List.of(span)).length
                                            <= most - SPARE)
                            .toList();
            var found =
                    made.lists().stream()
                            .flatMap(list ->
                                    SpanBytesDecoder.PROTO3.decodeList(list.toByteArray()).stream())
                            .toList();
            assertThat(made.lists())
                    .as("seed %s", seed)
                    .allMatch(list -> list.length() > 0 && list.length() <= most);
            assertThat(found).as("seed %s", seed).containsAll(fitting);
            assertThat(found).hasSize(zipkins.size() - made.leftOut());
            assertThat(zipkins.stream().filter(found::contains).toList())
                    .as("seed %s", seed)
                    .isEqualTo(found);
        }
    }

    @ParameterizedTest
    @EnumSource
    void endsEveryMutationInSpansOrARefusal(ZipkinFormat format) {
        for (long seed = 0; seed < 3_000; seed++) {
            // Given
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            byte[] body = encoder(format).encodeList(GoldenSpans.random(random, 2)).clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                body[random.nextInt(body.length)] = (byte) random.nextInt(256);
            }
            int length = random.nextInt(3) == 0 ? random.nextInt(body.length) : body.length;

            // When
            int size = sizeOrRefusal(format, Slice.of(body, 0, length), seed);

            // Then
            assertThat(size).as("seed %s", seed).isLessThanOrEqualTo(MAX_BYTES);
        }
    }

    private int sizeOrRefusal(ZipkinFormat format, Slice body, long seed) {
        try {
            return decoder.traces(format, body, NOW).length();
        } catch (MalformedSpansException _) {
            return 0;
        } catch (RuntimeException e) {
            throw new AssertionError("seed " + seed, e);
        }
    }

    @Test
    void mapsWhatOpenTelemetryPutIntoTags() {
        // When
        var span =
                span(
                        """
                        {"tags": {"otel.status_code": "ERROR", "error": "no stock",
                          "otel.scope.name": "lib", "otel.scope.version": "1", "span.kind": "internal",
                          "w3c.tracestate": "a=b", "a": "1", "\\u0061": "2",
                          "otlp.link.0": "0000000000000000000000000000000a|000000000000000b|c=d|{\\"x\\":1}|3"},
                         "annotations": [
                          {"timestamp": 5, "value": "\\"done\\": {\\"n\\": 2, \\"l\\": [true]}"},
                          {"timestamp": 6, "value": "sent|{\\"n\\":0.5}|7"},
                          {"timestamp": 7, "value": "plain|1"}],
                         "id": "b", "traceId": "a", "parentId": "b", "timestamp": 10, "duration": 3,
                         "localEndpoint": {"serviceName": "shop", "ipv4": "10.0.0.1", "port": 80},
                         "unknown": [{"x": null}], "shared": true}
                        """);

        // Then
        assertThat(span.status()).isEqualTo(new Status(Status.Code.ERROR, "no stock"));
        assertThat(span.scope().name() + span.scope().version()).isEqualTo("lib1");
        assertThat(span.kind()).isEqualTo(SpanKind.INTERNAL);
        assertThat(span.traceState()).isEqualTo("a=b");
        assertThat(span.parentSpanId()).isNull();
        assertThat(span.serviceName()).isEqualTo("shop");
        assertThat(span.attributes())
                .extracting(a -> a.key() + "=" + a.value())
                .containsExactly(
                        "a=2", "net.host.ip=10.0.0.1", "net.host.port=80", "zipkin.shared=true");
        assertThat(span.events())
                .extracting(e -> e.name() + e.attributes() + e.droppedAttributes())
                .satisfiesExactly(
                        e -> assertThat(e).startsWith("done").contains("n"),
                        e -> assertThat(e).startsWith("sent").endsWith("7"),
                        e -> assertThat(e).startsWith("plain|1"));
        assertThat(span.links()).hasSize(1);
        assertThat(span.endNanos() - span.startNanos()).isEqualTo(3_000);
    }

    @Test
    void startsASpanWithoutTimeAtItsFirstAnnotationOrNow() {
        // When
        var annotated =
                span(
                        """
                        {"traceId": "a", "id": "b", "annotations": [
                          {"timestamp": 9, "value": "x"}, {"timestamp": 8, "value": "y"}]}\
                        """);
        var bare = span("{\"traceId\": \"a\", \"id\": \"b\"}");

        // Then
        assertThat(annotated.startNanos()).isEqualTo(8_000);
        assertThat(bare.startNanos()).isEqualTo(NOW);
        assertThat(bare.endNanos()).isEqualTo(NOW);
        assertThat(bare.attributes().find("otel.zipkin.absentField.startTime"))
                .contains(new AttributeValue.Bool(true));
    }

    @Test
    void keepsTheTypesOfBinaryAnnotations() {
        // When
        var spans =
                spans(
                        ZipkinFormat.JSON_V1,
                        """
                        [{"traceId": "a", "id": "b", "name": "n", "binaryAnnotations": [
                          {"key": "flag", "value": false},
                          {"key": "n", "value": 7, "type": "I32"},
                          {"key": "zero", "value": "0", "type": "I64"},
                          {"key": "d", "value": 1.5, "type": "DOUBLE"}]}]\
                        """);

        // Then
        assertThat(spans.getFirst().attributes())
                .extracting(a -> a.value())
                .startsWith(
                        new AttributeValue.Bool(false),
                        new AttributeValue.Int(7),
                        new AttributeValue.Int(0),
                        new AttributeValue.Real(1.5));
    }

    @ParameterizedTest
    @EnumSource
    void takesNothingForNoSpans(ZipkinFormat format) {
        // When
        var none = otlp(format, new byte[0]);

        // Then
        assertThat(none.length()).isZero();
        assertThat(otlp(ZipkinFormat.JSON_V2, " [ ] ".getBytes(StandardCharsets.UTF_8)).length())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[{}]",
                "[{\"traceId\": \"A\", \"id\": \"b\"}]",
                "[{\"traceId\": \"0\", \"id\": \"b\"}]",
                "[{\"traceId\": \"a\", \"id\": \"\"}]",
                "[{\"traceId\": \"a\", \"id\": \"b\"},]",
                "[{\"traceId\": \"a\", \"id\": \"b\"}] x",
                "[{\"traceId\": \"a\", \"id\": \"b\", \"binaryAnnotations\": []}]",
                "[{\"traceId\": \"a\", \"id\": \"b\", \"x\": 01}]",
                "[{\"traceId\": \"a\", \"id\": \"b\", \"kind\": \"OTHER\"}]",
                "[{\"traceId\": \"a\", \"id\": \"b\", \"name\": \"\t\"}]",
                "[{\"traceId\": \"a\", \"id\": \"b\", \"localEndpoint\": {\"port\": 99999}}]",
            })
    void refusesWhatIsNotAListOfV2Spans(String body) {
        assertThatThrownBy(() -> spans(ZipkinFormat.JSON_V2, body))
                .isInstanceOf(MalformedSpansException.class);
    }

    @Test
    void namesTheBadIdAndTheFormatFound() {
        assertThatThrownBy(() -> span("{\"traceId\": \"xyz\", \"id\": \"b\"}"))
                .hasMessage(
                        "traceId: xyz (expected: 1 to 32 lower-case hexadecimal digits, not all"
                                + " zero)");
        assertThatThrownBy(() -> spans(ZipkinFormat.JSON_V1, "[{\"tags\": {}}]"))
                .hasMessage("Expected a JSON_V1 encoded list, but received: JSON_V2");
    }

    @Test
    void refusesMoreOutputThanAllowed() {
        // Given
        var small = new ZipkinDecoder(100);
        var body = "[{\"traceId\":\"a\",\"id\":\"b\",\"name\":\"" + "n".repeat(200) + "\"}]";

        // When, then
        assertThatThrownBy(() ->
                        small.traces(
                                ZipkinFormat.JSON_V2,
                                Slice.of(body.getBytes(StandardCharsets.UTF_8)),
                                NOW))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining("100 bytes");
    }
}
