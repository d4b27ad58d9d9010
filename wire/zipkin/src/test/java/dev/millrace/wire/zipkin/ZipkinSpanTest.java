package dev.millrace.wire.zipkin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import zipkin2.Span;
import zipkin2.codec.SpanBytesDecoder;
import zipkin2.codec.SpanBytesEncoder;

class ZipkinSpanTest {

    private static final JsonFactory JSON = new JsonFactory();
    private static final ZipkinDecoder DECODER = new ZipkinDecoder(1 << 20);

    @Test
    void writesWhatZipkinWritesOfASpanThatItSent() throws IOException {
        for (long seed = 0; seed < 500; seed++) {
            // Given
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            var spans = GoldenSpans.random(random, 3);

            // When
            var again = again(spans);

            // Then
            assertThat(SpanBytesDecoder.JSON_V2.decodeList(again))
                    .as("seed %s", seed)
                    .isEqualTo(spans);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "true", "false", "refused", "TRUE"})
    void keepsEveryValueOfTheTagError(String error) throws IOException {
        // Given
        var span = Span.newBuilder().traceId("a").id("b").timestamp(5).putTag("error", error);

        // When
        var again = again(List.of(span.build()));

        // Then
        assertThat(text(again))
                .isEqualTo(
                        "[{\"traceId\":\"000000000000000a\",\"id\":\"000000000000000b\","
                                + "\"timestamp\":5,\"tags\":{\"error\":\""
                                + error
                                + "\"}}]");
    }

    @Test
    void saysTrueOfAnErrorOfOpenTelemetryWithoutAMessage() throws IOException {
        // Given
        var span =
                Span.newBuilder()
                        .traceId("a")
                        .id("b")
                        .timestamp(5)
                        .putTag("otel.status_code", "ERROR");

        // When
        var again = again(List.of(span.build()));

        // Then
        assertThat(text(again)).contains("\"tags\":{\"error\":\"true\"}");
    }

    private static byte[] again(List<Span> spans) throws IOException {
        var json = Slice.of(SpanBytesEncoder.JSON_V2.encodeList(spans));
        var bytes = new ByteArrayOutputStream();
        try (var writer = JSON.createGenerator(bytes)) {
            writer.writeStartArray();
            for (var span : OtlpDecoder.spans(DECODER.traces(ZipkinFormat.JSON_V2, json, 1))) {
                ZipkinEncoder.write(writer, ZipkinSpan.of(span));
            }
            writer.writeEndArray();
        }
        return bytes.toByteArray();
    }

    private static String text(byte[] json) {
        return new String(json, StandardCharsets.UTF_8);
    }
}
