package dev.millrace.wire.otlp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.millrace.model.Slice;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OtlpJsonTest {

    private final OtlpJson json = new OtlpJson(1 << 20);

    @Test
    void readsEveryFieldOfARequest() throws Exception {
        // Given
        String text =
                """
                {"resourceSpans": [{
                  "resource": {
                    "attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}],
                    "droppedAttributesCount": 1},
                  "schemaUrl": "https://resource",
                  "scopeSpans": [{
                    "scope": {
                      "name": "library", "version": "1.2",
                      "attributes": [{"key": "a", "value": {"boolValue": true}}],
                      "droppedAttributesCount": 2},
                    "schemaUrl": "https://scope",
                    "spans": [{
                      "traceId": "5b8efff798038103d269b633813fc60c",
                      "spanId": "EEE19B7EC3C1B174",
                      "parentSpanId": "eee19b7ec3c1b173",
                      "traceState": "ot=rv:1",
                      "flags": 257,
                      "name": "GET /",
                      "kind": 2,
                      "startTimeUnixNano": "1544712660000000000",
                      "endTimeUnixNano": 1544712661000000000,
                      "attributes": [
                        {"key": "int", "value": {"intValue": "-7"}},
                        {"key": "number", "value": {"intValue": 8}},
                        {"key": "real", "value": {"doubleValue": 0.5}},
                        {"key": "nan", "value": {"doubleValue": "NaN"}},
                        {"key": "far", "value": {"doubleValue": "-Infinity"}},
                        {"key": "bytes", "value": {"bytesValue": "AQI_"}},
                        {"key": "list", "value": {"arrayValue": {"values": [
                          {"stringValue": "x"}, {"intValue": "1"}]}}},
                        {"key": "map", "value": {"kvlistValue": {"values": [
                          {"key": "k", "value": {"boolValue": false}}]}}},
                        {"key": "empty", "value": {}}],
                      "droppedAttributesCount": 3,
                      "events": [{
                        "timeUnixNano": "1544712660500000000", "name": "retry",
                        "attributes": [{"key": "n", "value": {"intValue": "2"}}],
                        "droppedAttributesCount": 4}],
                      "droppedEventsCount": 5,
                      "links": [{
                        "traceId": "5b8efff798038103d269b633813fc60d",
                        "spanId": "eee19b7ec3c1b175",
                        "traceState": "x=y", "flags": 1,
                        "attributes": [{"key": "l", "value": {"stringValue": "v"}}],
                        "droppedAttributesCount": 6}],
                      "droppedLinksCount": 7,
                      "status": {"code": 2, "message": "broken"}}]}]}]}
                """;

        // When
        var data = read(text);

        // Then
        assertThat(data)
                .isEqualTo(
                        TracesData.newBuilder()
                                .addResourceSpans(
                                        ResourceSpans.newBuilder()
                                                .setResource(
                                                        Resource.newBuilder()
                                                                .addAttributes(
                                                                        pair(
                                                                                "service.name",
                                                                                string("shop")))
                                                                .setDroppedAttributesCount(1))
                                                .setSchemaUrl("https://resource")
                                                .addScopeSpans(
                                                        ScopeSpans.newBuilder()
                                                                .setScope(scope())
                                                                .setSchemaUrl("https://scope")
                                                                .addSpans(span())))
                                .build());
    }

    private static InstrumentationScope.Builder scope() {
        return InstrumentationScope.newBuilder()
                .setName("library")
                .setVersion("1.2")
                .addAttributes(pair("a", AnyValue.newBuilder().setBoolValue(true)))
                .setDroppedAttributesCount(2);
    }

    private static Span.Builder span() {
        return Span.newBuilder()
                .setTraceId(hex("5b8efff798038103d269b633813fc60c"))
                .setSpanId(hex("eee19b7ec3c1b174"))
                .setParentSpanId(hex("eee19b7ec3c1b173"))
                .setTraceState("ot=rv:1")
                .setFlags(257)
                .setName("GET /")
                .setKind(Span.SpanKind.SPAN_KIND_SERVER)
                .setStartTimeUnixNano(1_544_712_660_000_000_000L)
                .setEndTimeUnixNano(1_544_712_661_000_000_000L)
                .addAttributes(pair("int", integer(-7)))
                .addAttributes(pair("number", integer(8)))
                .addAttributes(pair("real", AnyValue.newBuilder().setDoubleValue(0.5)))
                .addAttributes(pair("nan", AnyValue.newBuilder().setDoubleValue(Double.NaN)))
                .addAttributes(
                        pair("far", AnyValue.newBuilder().setDoubleValue(Double.NEGATIVE_INFINITY)))
                .addAttributes(pair("bytes", AnyValue.newBuilder().setBytesValue(hex("01023f"))))
                .addAttributes(
                        pair(
                                "list",
                                AnyValue.newBuilder()
                                        .setArrayValue(
                                                ArrayValue.newBuilder()
                                                        .addValues(string("x"))
                                                        .addValues(integer(1)))))
                .addAttributes(
                        pair(
                                "map",
                                AnyValue.newBuilder()
                                        .setKvlistValue(
                                                KeyValueList.newBuilder()
                                                        .addValues(
                                                                pair(
                                                                        "k",
                                                                        AnyValue.newBuilder()
                                                                                .setBoolValue(
                                                                                        false))))))
                .addAttributes(pair("empty", AnyValue.newBuilder()))
                .setDroppedAttributesCount(3)
                .addEvents(
                        Span.Event.newBuilder()
                                .setTimeUnixNano(1_544_712_660_500_000_000L)
                                .setName("retry")
                                .addAttributes(pair("n", integer(2)))
                                .setDroppedAttributesCount(4))
                .setDroppedEventsCount(5)
                .addLinks(
                        Span.Link.newBuilder()
                                .setTraceId(hex("5b8efff798038103d269b633813fc60d"))
                                .setSpanId(hex("eee19b7ec3c1b175"))
                                .setTraceState("x=y")
                                .setFlags(1)
                                .addAttributes(pair("l", string("v")))
                                .setDroppedAttributesCount(6))
                .setDroppedLinksCount(7)
                .setStatus(
                        Status.newBuilder()
                                .setCode(Status.StatusCode.STATUS_CODE_ERROR)
                                .setMessage("broken"));
    }

    @Test
    void ignoresUnknownFieldsAndNulls() throws Exception {
        // When
        var span =
                readSpan(
                        """
                        {"name": "a", "extra": {"deep": [1, {"x": null}]}, "status": null,
                         "attributes": null, "start_time_unix_nano": 5}
                        """);

        // Then
        assertThat(span).isEqualTo(Span.newBuilder().setName("a").build());
    }

    @Test
    void readsEnumsByNameToo() throws Exception {
        // When
        var span =
                readSpan(
                        """
                        {"kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_OK"}}
                        """);

        // Then
        assertThat(span.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_CLIENT);
        assertThat(span.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_OK);
    }

    @ParameterizedTest
    @CsvSource({
        "18446744073709551615, -1",
        "\"18446744073709551615\", -1",
        "1.5447126605e18, 1544712660500000000"
    })
    void readsTimesOfEveryForm(String written, long nanos) throws Exception {
        // When
        var span = readSpan("{\"startTimeUnixNano\": " + written + "}");

        // Then
        assertThat(span.getStartTimeUnixNano()).isEqualTo(nanos);
    }

    @ParameterizedTest
    @CsvSource({"'', 0", "abcd, 2", "00000000000000000000000000000000, 16", "xyz, 1", "abc, 1"})
    void keepsIdsOfAnyLengthForTheSplitterToReject(String written, int bytes) throws Exception {
        // When
        var span =
                readSpan(
                        "{\"traceId\": \"%1$s\", \"spanId\": \"%1$s\", \"parentSpanId\": \"%1$s\"}"
                                .formatted(written));

        // Then
        assertThat(span.getTraceId().size()).isEqualTo(bytes);
        assertThat(span.getSpanId().size()).isEqualTo(bytes);
        assertThat(span.getParentSpanId().size()).isEqualTo(bytes);
    }

    @Test
    void readsAnEmptyRequest() throws Exception {
        assertThat(read("{}")).isEqualTo(TracesData.getDefaultInstance());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{\"resourceSpans\": 5}",
                "{\"resourceSpans\": [5]}",
                "{\"resourceSpans\": [{\"schemaUrl\": 5}]}",
                "{\"resourceSpans\": []} {}",
                "{\"resourceSpans\": [null]}",
                "{'resourceSpans': []}"
            })
    void refusesWhatIsNotARequestWithItsPosition(String text) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageStartingWith("not OTLP JSON: ")
                .hasMessageContaining("(at line 1, column ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"startTimeUnixNano\": \"soon\"} | \"soon\" (expected: a 64-bit unsigned integer)",
                "{\"startTimeUnixNano\": -1}   | \"-1\" (expected: a 64-bit unsigned integer)",
                "{\"startTimeUnixNano\": 1.5}  | \"1.5\" (expected: a 64-bit unsigned integer)",
                "{\"flags\": 4294967296}       | \"4294967296\" (expected: a 32-bit unsigned integer)",
                "{\"kind\": \"SPAN_KIND_KING\"} | \"SPAN_KIND_KING\" (expected: an enum's number or a"
                        + " name like SPAN_KIND_INTERNAL)",
                "{\"name\": {}}                | \"{\" (expected: a string)",
                "{\"attributes\": [{\"key\": \"k\", \"value\": {\"bytesValue\": \"*\"}}]} |"
                        + " \"*\" (expected: base64)",
                "{\"attributes\": [{\"key\": \"k\", \"value\": {\"doubleValue\": \"x\"}}]} |"
                        + " \"x\" (expected: a number)",
                "{\"attributes\": [{\"key\": \"k\", \"value\": {\"boolValue\": \"x\"}}]} |"
                        + " \"x\" (expected: true or false)"
            })
    void namesTheValueAndWhatWasExpected(String span, String message) {
        assertThatThrownBy(() -> readSpan(span))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining(message);
    }

    @Test
    void refusesTextThatIsNotUtf8() {
        // Given
        byte[] bytes = "{\"resourceSpans\": [{\"schemaUrl\": \"?\"}]}".getBytes(UTF_8);
        bytes[33] = (byte) 0xff;

        // When, Then
        assertThatThrownBy(() -> json.traces(Slice.of(bytes)))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining("UTF-8");
    }

    @Test
    void refusesEndlessNesting() {
        // Given
        String value = "{\"arrayValue\": {\"values\": [".repeat(10_000);

        // When, Then
        assertThatThrownBy(() -> readSpan("{\"attributes\": [{\"key\": \"k\", \"value\": " + value))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining("nesting depth");
    }

    @Test
    void whatItReadsIsNeverTooDeepForProtobuf() throws Exception {
        // Given
        int depth = 29;
        String open = "{\"kvlistValue\": {\"values\": [{\"key\": \"k\", \"value\": ".repeat(depth);
        String close = "}]}}".repeat(depth);

        // When
        var span =
                readSpan(
                        "{\"events\": [{\"attributes\": [{\"key\": \"k\", \"value\": "
                                + open
                                + "{}"
                                + close
                                + "}]}]}");

        // Then
        assertThat(span.getEventsCount()).isOne();
    }

    @Test
    void refusesTextOverTheLimit() {
        // Given
        var narrow = new OtlpJson(100);

        // When, Then
        assertThatThrownBy(() ->
                        narrow.traces(
                                Slice.of(
                                        ("{\"a\":\"" + "x".repeat(100_000) + "\"}")
                                                .getBytes(UTF_8))))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining("exceeds");
    }

    @Test
    void writesResponsesAndStatuses() {
        assertThat(new String(OtlpJson.response(0, ""), UTF_8)).isEqualTo("{}");
        assertThat(new String(OtlpJson.response(3, "a \"b\""), UTF_8))
                .isEqualTo(
                        "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"a \\\"b\\\"\"}}");
        assertThat(new String(OtlpJson.status(3, "no"), UTF_8))
                .isEqualTo("{\"code\":3,\"message\":\"no\"}");
    }

    private TracesData read(String text) throws InvalidProtocolBufferException {
        return TracesData.parseFrom(json.traces(Slice.of(text.getBytes(UTF_8))).toByteArray());
    }

    private Span readSpan(String span) throws InvalidProtocolBufferException {
        return read("{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [" + span + "]}]}]}")
                .getResourceSpans(0)
                .getScopeSpans(0)
                .getSpans(0);
    }

    private static KeyValue pair(String key, AnyValue.Builder value) {
        return KeyValue.newBuilder().setKey(key).setValue(value).build();
    }

    private static AnyValue.Builder string(String text) {
        return AnyValue.newBuilder().setStringValue(text);
    }

    private static AnyValue.Builder integer(long value) {
        return AnyValue.newBuilder().setIntValue(value);
    }

    private static ByteString hex(String digits) {
        return ByteString.copyFrom(HexFormat.of().parseHex(digits));
    }
}
