package dev.millrace.storage.elasticsearch;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.attributes;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.SpanIndex;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SpanDocumentTest {

    private static final FragmentId FRAGMENT = new FragmentId("traces-complete", 3, 14);

    /// A span with something in every field that OTLP has.
    static Span.Builder full() {
        return span(trace(1), 0xbeef, TIME + 1_234)
                .parentSpanId(new SpanId(0xfeed))
                .traceState("ot=th:8")
                .flags(0x301)
                .name("GET /cart")
                .kind(SpanKind.CLIENT)
                .time(TIME + 1_234, TIME + SECOND + 1_999)
                .attributes(everyType(), 4)
                .events(
                        List.of(
                                new Event(
                                        TIME + 5_678,
                                        "exception",
                                        attributes("exception.type", "Oops"),
                                        1)),
                        2)
                .links(
                        List.of(
                                new Link(
                                        trace(9),
                                        new SpanId(9),
                                        "a=b",
                                        1,
                                        attributes("reason", "retry"),
                                        3)),
                        5)
                .status(new Status(Status.Code.ERROR, "out of stock"))
                .resource(
                        new Resource(
                                Attributes.of(
                                        text("service.name", "shop"), text("host.name", "a7")),
                                6,
                                "https://example.com/resource"))
                .scope(
                        new Scope(
                                "http",
                                "1.2",
                                attributes("flavour", "beta"),
                                7,
                                "https://example.com/scope"));
    }

    private static Attributes everyType() {
        return Attributes.of(
                text("http.method", "GET"),
                new Attribute("retry", new AttributeValue.Bool(true)),
                new Attribute("size", new AttributeValue.Int(1L << 60)),
                new Attribute("ratio", new AttributeValue.Real(0.25)),
                new Attribute("limit", new AttributeValue.Real(Double.POSITIVE_INFINITY)),
                new Attribute("key", new AttributeValue.Bytes(Slice.of(new byte[] {1, -1}))),
                new Attribute(
                        "list",
                        new AttributeValue.Array(
                                List.of(new AttributeValue.Text("x"), new AttributeValue.Int(7)))),
                new Attribute("map", new AttributeValue.Nested(attributes("inner", "value"))),
                new Attribute("none", new AttributeValue.Empty()));
    }

    private static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }

    private static JsonNode document(TagsAsFields asFields, Span span) {
        var body = OtlpEncoder.encode(List.of(span));
        var index = new SpanIndex();
        index.add(span.traceId(), body);
        var exact =
                new SpanDocument.Exact(index.resourceHead(0), index.scopeHead(0), index.span(0));
        try {
            return Json.parse(new SpanDocument(new TagWriter(asFields)).of(span, FRAGMENT, exact));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void writesEveryFieldOfJaegers() throws IOException {
        // When
        var document = document(TagsAsFields.NONE, full().build());

        // Then
        var expected =
                Json.MAPPER.readTree(
                        """
                        {
                          "traceID": "0af7651916cd43dd0000000000000001",
                          "spanID": "000000000000beef",
                          "parentSpanID": "000000000000feed",
                          "flags": 769,
                          "operationName": "GET /cart",
                          "references": [
                            {"refType": "CHILD_OF", "traceID": "0af7651916cd43dd0000000000000001",
                             "spanID": "000000000000feed"},
                            {"refType": "FOLLOWS_FROM", "traceID": "0af7651916cd43dd0000000000000009",
                             "spanID": "0000000000000009", "traceState": "a=b", "flags": 1,
                             "tags": [{"key": "reason", "type": "string", "value": "retry"}]}
                          ],
                          "startTime": 1788265200000001,
                          "startTimeMillis": 1788265200000,
                          "duration": 1000000,
                          "tags": [
                            {"key": "span.kind", "type": "string", "value": "client"},
                            {"key": "error", "type": "bool", "value": true},
                            {"key": "otel.status_description", "type": "string", "value": "out of stock"},
                            {"key": "w3c.tracestate", "type": "string", "value": "ot=th:8"},
                            {"key": "otel.scope.name", "type": "string", "value": "http"},
                            {"key": "otel.scope.version", "type": "string", "value": "1.2"},
                            {"key": "http.method", "type": "string", "value": "GET"},
                            {"key": "retry", "type": "bool", "value": true},
                            {"key": "size", "type": "int64", "value": 1152921504606846976},
                            {"key": "ratio", "type": "float64", "value": 0.25},
                            {"key": "limit", "type": "float64", "value": "Infinity"},
                            {"key": "key", "type": "binary", "value": "01ff"},
                            {"key": "list", "type": "string", "value": "[\\"x\\",7]"},
                            {"key": "map", "type": "string", "value": "{\\"inner\\":\\"value\\"}"},
                            {"key": "none", "type": "string", "value": ""}
                          ],
                          "scopeTags": [{"key": "flavour", "type": "string", "value": "beta"}],
                          "logs": [
                            {"timestamp": 1788265200000005, "fields": [
                              {"key": "event", "type": "string", "value": "exception"},
                              {"key": "exception.type", "type": "string", "value": "Oops"}
                            ]}
                          ],
                          "process": {
                            "serviceName": "shop",
                            "tags": [{"key": "host.name", "type": "string", "value": "a7"}]
                          }
                        }
                        """);
        ((ObjectNode) document).remove(Templates.MILLRACE);
        assertThat(document.toPrettyString()).isEqualTo(expected.toPrettyString());
    }

    @Test
    void movesTagsIntoFieldsWhereAFieldCanHoldThem() {
        // Given
        var asFields = new TagsAsFields(true, Set.of(), "@");
        var twice =
                Attributes.of(
                        text("a.b", "1"),
                        text("a.b", "2"),
                        text("c@d", "3"),
                        text("", "4"),
                        text("error", "soft"),
                        new Attribute("key", new AttributeValue.Bytes(Slice.of(new byte[] {1}))));

        // When
        var document = document(asFields, full().attributes(twice, 0).build());

        // Then
        assertThat(document.path("tag").path("a@b").asText()).isEqualTo("1");
        assertThat(document.path("tag").path("error").isBoolean()).isTrue();
        assertThat(document.path("process").path("tag").path("host@name").asText()).isEqualTo("a7");
        assertThat(document.path("scopeTag").path("flavour").asText()).isEqualTo("beta");
        assertThat(document.path("tags").findValuesAsText("key"))
                .containsExactly("a.b", "c@d", "", "error", "key");
    }

    @Test
    void movesOnlyTheTagsItIsToldInto() {
        // Given
        var asFields = new TagsAsFields(false, Set.of("http.method"), ":");

        // When
        var document = document(asFields, full().build());

        // Then
        assertThat(document.path("tag").properties()).hasSize(1);
        assertThat(document.path("tag").path("http:method").asText()).isEqualTo("GET");
        assertThat(document.path("tags").findValuesAsText("key")).doesNotContain("http.method");
    }

    @Test
    void givesBackASpanExactlyAsItWas() {
        // Given
        var span = full().build();
        for (var asFields : List.of(TagsAsFields.NONE, new TagsAsFields(true, Set.of(), "@"))) {

            // When
            var stored = new SpanSource("@").read(document(asFields, span));

            // Then
            assertThat(OtlpDecoder.spans(stored.body())).containsExactly(span);
            assertThat(stored.startNanos()).isEqualTo(TIME + 1_234);
        }
    }

    @Test
    void writesTimesThatJaegerCanRead() {
        // Given: a clock that stepped back, and one that was never set
        var back = span(trace(1), 1, TIME).time(TIME, TIME - SECOND).build();
        var unset = span(trace(1), 1, 0).time(0, 0).build();

        // When, Then
        assertThat(document(TagsAsFields.NONE, back).path("duration").asLong()).isZero();
        assertThat(document(TagsAsFields.NONE, unset).path("startTime").asLong()).isZero();
    }

    @Test
    void leavesOutWhatARootHasNot() {
        // When
        var document = document(TagsAsFields.NONE, span(trace(1), 1, TIME).build());

        // Then
        assertThat(document.has("parentSpanID")).isFalse();
        assertThat(document.path("references")).isEmpty();
        assertThat(document.has("flags")).isFalse();
    }
}
