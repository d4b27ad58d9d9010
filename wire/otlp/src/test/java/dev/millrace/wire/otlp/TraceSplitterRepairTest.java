package dev.millrace.wire.otlp;

import static dev.millrace.wire.otlp.ForeignSpans.hex;
import static dev.millrace.wire.otlp.ForeignSpans.parse;
import static dev.millrace.wire.otlp.ForeignSpans.replace;
import static dev.millrace.wire.otlp.ForeignSpans.request;
import static dev.millrace.wire.otlp.ForeignSpans.span;
import static dev.millrace.wire.otlp.ForeignSpans.spanOf;
import static dev.millrace.wire.otlp.ForeignSpans.text;
import static dev.millrace.wire.otlp.ForeignSpans.truncated;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.millrace.model.Slice;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TraceSplitterRepairTest {

    private static final long NOW = RandomSpans.NOW;
    private static final long HOUR = RandomSpans.HOUR;
    private static final ByteString NOT_UTF8 = ByteString.copyFrom(new byte[] {'a', -1, 'b'});
    private final TraceSplitter splitter = new TraceSplitter(new SpanLimits(24 * HOUR, HOUR, 16));

    @Test
    void keepsUnknownFieldsWhetherOrNotItRepairs() throws Exception {
        // Given
        var unknown =
                UnknownFieldSet.newBuilder()
                        .addField(
                                99,
                                UnknownFieldSet.Field.newBuilder()
                                        .addLengthDelimited(NOT_UTF8)
                                        .addVarint(-1)
                                        .build())
                        .build();
        var data = TracesData.newBuilder();
        var resource = data.addResourceSpansBuilder().setUnknownFields(unknown);
        resource.getResourceBuilder()
                .setUnknownFields(unknown)
                .addAttributes(text("long", "0123456789abcdef+"));
        var scope = resource.addScopeSpansBuilder().setUnknownFields(unknown);
        scope.getScopeBuilder().setUnknownFields(unknown);
        scope.addSpans(span(1, 1).setUnknownFields(unknown));
        scope.addSpans(
                span(1, 2)
                        .setUnknownFields(unknown)
                        .addAttributes(text("long", "0123456789abcdef+")));

        // When
        var out = parse(split(data.build()), 0).getResourceSpans(0);

        // Then
        assertThat(out.getUnknownFields()).isEqualTo(unknown);
        assertThat(out.getResource().getUnknownFields()).isEqualTo(unknown);
        assertThat(out.getScopeSpans(0).getUnknownFields()).isEqualTo(unknown);
        assertThat(out.getScopeSpans(0).getScope().getUnknownFields()).isEqualTo(unknown);
        assertThat(out.getScopeSpans(0).getSpansList())
                .hasSize(2)
                .allSatisfy(span -> assertThat(span.getUnknownFields()).isEqualTo(unknown));
    }

    @Test
    void dropsALinkToNowhereAndCountsIt() throws Exception {
        // Given
        var span = span(1, 1).setDroppedLinksCount(4);
        span.addLinksBuilder().setTraceId(hex("01")).setSpanId(hex("0000000000000001"));
        span.addLinksBuilder().setTraceId(span.getTraceId()).setSpanId(span.getSpanId());
        span.addLinksBuilder().setTraceId(span.getTraceId()).setSpanId(hex("0000000000000000"));

        // When
        var split = split(request(span));

        // Then
        var out = spanOf(split);
        assertThat(out.getLinksList()).containsExactly(span.getLinks(1));
        assertThat(out.getDroppedLinksCount()).isEqualTo(6);
        assertThat(split.repaired()).isEqualTo(Map.of(Repair.LINK_DROPPED, 2));
        assertThat(OtlpDecoder.spans(split.chunks().getFirst().body())).hasSize(1);
    }

    @Test
    void replacesTextThatIsNotUtf8WhereverItStands() throws Exception {
        // Given
        var data = TracesData.newBuilder();
        var resource = data.addResourceSpansBuilder();
        resource.setSchemaUrlBytes(ByteString.copyFromUtf8("schema"));
        resource.getResourceBuilder().addAttributes(text("service.name", "MARK"));
        resource.getResourceBuilder().addAttributes(text("MARK", "MARK"));
        resource.getResourceBuilder().addEntityRefsBuilder().setType("MARK").addIdKeys("MARK");
        var scope = resource.addScopeSpansBuilder().setSchemaUrl("MARK");
        scope.getScopeBuilder().setName("MARK").setVersion("MARK");
        var span = span(1, 1).setName("MARK").setTraceState("MARK");
        span.getStatusBuilder().setMessage("MARK");
        span.addEventsBuilder().setName("MARK").addAttributes(text("MARK", "ok"));
        span.addLinksBuilder()
                .setTraceId(span.getTraceId())
                .setSpanId(span.getSpanId())
                .setTraceState("MARK");
        span.addAttributes(
                KeyValue.newBuilder()
                        .setKey("k")
                        .setValue(
                                AnyValue.newBuilder()
                                        .setArrayValue(
                                                ArrayValue.newBuilder()
                                                        .addValues(text("", "MARK").getValue()))));
        scope.addSpans(span);
        byte[] request = replace(data.build().toByteArray(), "MARK", "M\u00ffRK");

        // When
        var split = splitter.split(Slice.of(request), NOW);

        // Then
        var expected =
                new String(data.build().toByteArray(), StandardCharsets.ISO_8859_1)
                                .split("MARK", -1)
                                .length
                        - 1;
        assertThat(split.repaired()).isEqualTo(Map.of(Repair.INVALID_UTF8, expected));
        assertThat(parse(split, 0).toString())
                .doesNotContain("MARK")
                .contains("M\\357\\277\\275RK");
        assertThat(spanOf(split).getName()).isEqualTo("M\ufffdRK");
    }

    @Test
    void cutsLongAttributesBetweenCharactersAndNamesThem() throws Exception {
        // Given
        var nested =
                KeyValue.newBuilder()
                        .setKey("nested")
                        .setValue(
                                AnyValue.newBuilder()
                                        .setKvlistValue(
                                                KeyValueList.newBuilder()
                                                        .addValues(
                                                                text("in", "0123456789abcdef+"))))
                        .build();
        var bytes =
                KeyValue.newBuilder()
                        .setKey("bytes")
                        .setValue(
                                AnyValue.newBuilder()
                                        .setBytesValue(ByteString.copyFrom(new byte[17])))
                        .build();
        var span =
                span(1, 1)
                        .addAttributes(text("exact", "0123456789abcdef"))
                        .addAttributes(text("umlaut", "0123456789abcdeä"))
                        .addAttributes(bytes)
                        .addAttributes(nested);
        span.addEventsBuilder().addAttributes(text("event", "0123456789abcdefgh"));

        // When
        var split = split(request(span));

        // Then
        var out = spanOf(split);
        assertThat(out.getAttributesList())
                .contains(
                        text("exact", "0123456789abcdef"),
                        text("umlaut", "0123456789abcde"),
                        truncated("umlaut", "bytes", "nested"));
        assertThat(out.getAttributes(2).getValue().getBytesValue().size()).isEqualTo(16);
        assertThat(out.getEvents(0).getAttributesList())
                .containsExactly(text("event", "0123456789abcdef"), truncated("event"));
        assertThat(split.repaired()).isEqualTo(Map.of(Repair.ATTRIBUTE_TRUNCATED, 4));
    }

    @Test
    void addsToWhatAnEarlierStageCut() throws Exception {
        // Given
        var span =
                span(1, 1)
                        .addAttributes(truncated("a", "b"))
                        .addAttributes(text("b", "0123456789abcdefgh"))
                        .addAttributes(text("c", "0123456789abcdefgh"));

        // When
        var out = spanOf(split(request(span)));

        // Then
        assertThat(out.getAttributesList()).hasSize(3).endsWith(truncated("a", "b", "c"));
    }

    @Test
    void repairsNothingTwice() {
        // Given
        var span = span(1, 1).addAttributes(text("a key longer than the limit", "x".repeat(99)));
        span.addLinksBuilder();
        var once = split(request(span)).chunks().getFirst().body();

        // When
        var twice = splitter.split(once, NOW);

        // Then
        assertThat(twice.repaired()).isEmpty();
        assertThat(twice.chunks().getFirst().body()).isEqualTo(once);
    }

    private Split split(TracesData data) {
        return splitter.split(Slice.of(data.toByteArray()), NOW);
    }
}
