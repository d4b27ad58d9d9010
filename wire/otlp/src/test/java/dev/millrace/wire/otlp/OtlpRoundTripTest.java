package dev.millrace.wire.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OtlpRoundTripTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 42, 20_261_121})
    void decodesWhatItEncoded(long seed) {
        var random = new RandomSpans(seed);
        for (int i = 0; i < 50; i++) {
            // Given
            var spans = random.request(80);

            // When
            var decoded = OtlpDecoder.spans(OtlpEncoder.encode(spans));

            // Then
            assertThat(decoded).as("seed %s", seed).isEqualTo(spans);
        }
    }

    @Test
    void keepsEveryKindOfAttribute() {
        // Given
        var attributes =
                Attributes.of(
                        attribute("text", new AttributeValue.Text("Größe 🚀")),
                        attribute("bool", new AttributeValue.Bool(true)),
                        attribute("int", new AttributeValue.Int(Long.MIN_VALUE)),
                        attribute("real", new AttributeValue.Real(-0.0)),
                        attribute("bytes", new AttributeValue.Bytes(Slice.of(new byte[] {0, -1}))),
                        attribute("empty", new AttributeValue.Empty()),
                        attribute(
                                "array",
                                new AttributeValue.Array(
                                        List.of(
                                                new AttributeValue.Text(""),
                                                new AttributeValue.Int(0)))),
                        attribute(
                                "nested",
                                new AttributeValue.Nested(
                                        Attributes.of(
                                                attribute("a", new AttributeValue.Bool(false))))));
        var span = span().attributes(attributes, 3).build();

        // When
        var decoded = OtlpDecoder.spans(OtlpEncoder.encode(List.of(span)));

        // Then
        assertThat(decoded).containsExactly(span);
    }

    @Test
    void readsEightZerosAsNoParent() {
        // Given
        var root = TracesData.newBuilder();
        root.addResourceSpansBuilder()
                .addScopeSpansBuilder()
                .addSpansBuilder()
                .setTraceId(ByteString.copyFrom(new byte[15]).concat(ByteString.copyFromUtf8("x")))
                .setSpanId(ByteString.copyFromUtf8("12345678"))
                .setParentSpanId(ByteString.copyFrom(new byte[8]));

        // When
        var decoded = OtlpDecoder.spans(Slice.of(root.build().toByteArray()));

        // Then
        assertThat(decoded).singleElement().extracting(Span::parentSpanId).isNull();
    }

    @Test
    void refusesAnIdOfTheWrongSizeNamingIt() {
        // Given
        var data = TracesData.newBuilder();
        data.addResourceSpansBuilder()
                .addScopeSpansBuilder()
                .addSpansBuilder()
                .setTraceId(ByteString.copyFromUtf8("short"));
        var body = Slice.of(data.build().toByteArray());

        // When Then
        assertThatThrownBy(() -> OtlpDecoder.spans(body))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessage("trace id: 5 bytes (expected: 16)");
    }

    @Test
    void refusesBytesThatAreNotOtlp() {
        // Given
        var body = Slice.of(new byte[] {10, 5, 1});

        // When Then
        assertThatThrownBy(() -> OtlpDecoder.spans(body))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageStartingWith("not OTLP: ");
    }

    private static Span.Builder span() {
        return Span.builder(new TraceId(1, 2), new SpanId(3))
                .resource(Resource.EMPTY)
                .scope(Scope.EMPTY);
    }

    private static Attribute attribute(String key, AttributeValue value) {
        return new Attribute(key, value);
    }
}
