package dev.millrace.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.OtlpDecoder;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ResourceStampTest {

    private static final Map<String, String> NODE =
            Map.of("k8s.node.name", "node-7", "k8s.cluster.name", "east");

    private static ResourceSpans.Builder resource(String... attributes) {
        var resource = Resource.newBuilder();
        for (int i = 0; i < attributes.length; i += 2) {
            resource.addAttributes(
                    KeyValue.newBuilder()
                            .setKey(attributes[i])
                            .setValue(AnyValue.newBuilder().setStringValue(attributes[i + 1])));
        }
        return ResourceSpans.newBuilder().setResource(resource).setSchemaUrl("https://schema");
    }

    private static TracesData stamped(TracesData traces, Map<String, String> attributes)
            throws Exception {
        var bytes = new ResourceStamp(attributes).apply(Slice.of(traces.toByteArray()));
        return TracesData.parseFrom(bytes.toByteArray());
    }

    @Test
    void everyResourceGetsWhatItDoesNotSayOfItself() throws Exception {
        // Given
        var traces =
                TracesData.newBuilder()
                        .addResourceSpans(resource("service.name", "shop"))
                        .addResourceSpans(resource("k8s.node.name", "its own"))
                        .build();

        // When
        var stamped = stamped(traces, NODE);

        // Then
        assertThat(stamped)
                .isEqualTo(
                        TracesData.newBuilder()
                                .addResourceSpans(
                                        resource(
                                                "service.name", "shop",
                                                "k8s.cluster.name", "east",
                                                "k8s.node.name", "node-7"))
                                .addResourceSpans(
                                        resource(
                                                "k8s.node.name", "its own",
                                                "k8s.cluster.name", "east"))
                                .build());
    }

    @Test
    void aResourceThatIsMissingIsMade() throws Exception {
        // Given
        var traces = TracesData.newBuilder().addResourceSpans(ResourceSpans.newBuilder()).build();

        // When
        var stamped = stamped(traces, NODE);

        // Then
        assertThat(stamped.getResourceSpans(0).getResource().getAttributesCount()).isEqualTo(2);
    }

    @Test
    void aResourceInPiecesStaysOne() throws Exception {
        // Given: protobuf has it that pieces of a message are one
        var first = resource("a", "1").clearSchemaUrl().build().toByteString();
        var second = resource("b", "2").clearSchemaUrl().build().toByteString();
        var traces =
                TracesData.newBuilder()
                        .addResourceSpans(ResourceSpans.parseFrom(first.concat(second)))
                        .build();

        // When
        var stamped = stamped(traces, Map.of("b", "no", "c", "3"));

        // Then
        assertThat(stamped.getResourceSpans(0))
                .isEqualTo(resource("a", "1", "b", "2", "c", "3").clearSchemaUrl().build());
    }

    @Test
    void withoutAttributesNothingIsTouched() {
        var bytes = Slice.of(new byte[] {1, 2, 3});

        assertThat(new ResourceStamp(Map.of()).apply(bytes)).isSameAs(bytes);
    }

    @Test
    void aTextThatIsNotAsciiArrives() throws Exception {
        // Given
        var traces = Traces.of("shop", 1).toByteArray();

        // When
        var stamped = new ResourceStamp(Map.of("ort", "Köln")).apply(Slice.of(traces));

        // Then
        var span = OtlpDecoder.spans(stamped).getFirst();
        assertThat(span.resource().attributes().find("ort"))
                .contains(new AttributeValue.Text("Köln"));
    }
}
