package dev.millrace.storage.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Documents as Jaeger writes them, and as it wrote them years ago.
final class SpanSourceTest {

    private static Span read(String document) {
        try {
            var stored = new SpanSource("@").read(Json.MAPPER.readTree(document));
            return OtlpDecoder.spans(stored.body()).getFirst();
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /// A document with some fields in the place of others.
    static String document(String more) {
        return """
        {
          "traceID": "0af7651916cd43dd8448eb211c80319c",
          "spanID": "b7ad6b7169203331",
          "operationName": "GET /cart",
          "references": null,
          "startTime": 1788265200000123,
          "startTimeMillis": 1788265200000,
          "duration": 4567,
          "tags": null,
          "logs": null,
          "process": {"serviceName": "shop", "tags": null}
          %s
        }
        """
                .formatted(more);
    }

    @Test
    void readsASpanWithNothingButWhatIsAlwaysThere() {
        // When
        var span = read(document(""));

        // Then
        assertThat(span.traceId()).hasToString("0af7651916cd43dd8448eb211c80319c");
        assertThat(span.spanId()).hasToString("b7ad6b7169203331");
        assertThat(span.parentSpanId()).isNull();
        assertThat(span.startNanos()).isEqualTo(1_788_265_200_000_123_000L);
        assertThat(span.durationNanos()).isEqualTo(4_567_000);
        assertThat(span.serviceName()).isEqualTo("shop");
        assertThat(span.kind()).isEqualTo(SpanKind.UNSPECIFIED);
        assertThat(span.status()).isEqualTo(Status.UNSET);
        assertThat(span.attributes()).isEmpty();
    }

    @Test
    void readsTagsFromAListAndFromFields() {
        // Given: of their types, as text of their types, and as fields
        var list =
                """
                , "tags": [
                  {"key": "t", "type": "string", "value": "x"},
                  {"key": "b", "type": "bool", "value": false},
                  {"key": "i", "type": "int64", "value": 42},
                  {"key": "f", "type": "float64", "value": 2},
                  {"key": "y", "type": "binary", "value": "01ff"},
                  {"key": "B", "type": "bool", "value": "true"},
                  {"key": "I", "type": "int64", "value": "-9223372036854775808"},
                  {"key": "F", "type": "float64", "value": "2.5"},
                  {"key": "wrong", "type": "int64", "value": "many"}
                ],
                "tag": {"http@status_code": 200, "ratio": 0.5, "sampled": true, "db@name": "orders"}
                """;

        // When
        var span = read(document(list));

        // Then
        assertThat(span.attributes())
                .containsExactly(
                        text("t", "x"),
                        new Attribute("b", new AttributeValue.Bool(false)),
                        number("i", 42),
                        new Attribute("f", new AttributeValue.Real(2)),
                        new Attribute("y", new AttributeValue.Bytes(Slice.of(new byte[] {1, -1}))),
                        new Attribute("B", new AttributeValue.Bool(true)),
                        number("I", Long.MIN_VALUE),
                        new Attribute("F", new AttributeValue.Real(2.5)),
                        text("wrong", "many"),
                        number("http.status_code", 200),
                        new Attribute("ratio", new AttributeValue.Real(0.5)),
                        new Attribute("sampled", new AttributeValue.Bool(true)),
                        text("db.name", "orders"));
    }

    @Test
    void turnsTheTagsOfOtlpBackIntoWhatTheyWere() {
        // Given
        var tags =
                """
                , "tags": [
                  {"key": "span.kind", "type": "string", "value": "producer"},
                  {"key": "error", "type": "bool", "value": true},
                  {"key": "otel.status_description", "type": "string", "value": "no stock"},
                  {"key": "w3c.tracestate", "type": "string", "value": "a=b"},
                  {"key": "otel.scope.name", "type": "string", "value": "http"},
                  {"key": "otel.scope.version", "type": "string", "value": "1"},
                  {"key": "kept", "type": "string", "value": "yes"}
                ]
                """;

        // When
        var span = read(document(tags));

        // Then
        assertThat(span.kind()).isEqualTo(SpanKind.PRODUCER);
        assertThat(span.status()).isEqualTo(new Status(Status.Code.ERROR, "no stock"));
        assertThat(span.traceState()).isEqualTo("a=b");
        assertThat(span.scope().name()).isEqualTo("http");
        assertThat(span.scope().version()).isEqualTo("1");
        assertThat(span.attributes()).containsExactly(text("kept", "yes"));
    }

    @Test
    void readsAStatusHoweverItWasSaid() {
        assertThat(read(document(", \"tag\": {\"error\": true}")).isError()).isTrue();
        assertThat(read(document(", \"tag\": {\"otel@status_code\": \"ERROR\"}")).isError())
                .isTrue();
        assertThat(read(document(", \"tag\": {\"otel@status_code\": \"OK\"}")).status().code())
                .isEqualTo(Status.Code.OK);
        assertThat(read(document(", \"tag\": {\"error\": \"soft\"}")).attributes())
                .containsExactly(text("error", "soft"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", \"parentSpanID\": \"00f067aa0ba902b7\"",
                """
                , "references": [{"refType": "CHILD_OF",
                    "traceID": "0af7651916cd43dd8448eb211c80319c", "spanID": "00f067aa0ba902b7"}]
                """,
                """
                , "parentSpanID": "00f067aa0ba902b7", "references": [{"refType": "CHILD_OF",
                    "traceID": "0af7651916cd43dd8448eb211c80319c", "spanID": "00f067aa0ba902b7"}]
                """,
                ", \"parentSpanID\": \"f067aa0ba902b7\""
            })
    void findsTheParentInItsFieldOrAmongTheReferences(String more) {
        // When
        var span = read(document(more));

        // Then
        assertThat(span.parentSpanId()).isEqualTo(SpanId.parse("00f067aa0ba902b7"));
        assertThat(span.links()).isEmpty();
    }

    @Test
    void makesLinksOfOtherReferences() {
        // Given
        var references =
                """
                , "references": [
                  {"refType": "FOLLOWS_FROM", "traceID": "0af7651916cd43dd8448eb211c80319c",
                   "spanID": "0000000000000001"},
                  {"refType": "CHILD_OF", "traceID": "0af7651916cd43dd8448eb211c80319c",
                   "spanID": "0000000000000002"},
                  {"refType": "FOLLOWS_FROM", "traceID": "abc", "spanID": "3"},
                  {"refType": "FOLLOWS_FROM", "traceID": "", "spanID": ""}
                ]
                """;

        // When
        var span = read(document(references));

        // Then
        assertThat(span.parentSpanId()).isEqualTo(new SpanId(2));
        assertThat(span.links())
                .extracting(link -> link.traceId() + " " + link.spanId())
                .containsExactly(
                        "0af7651916cd43dd8448eb211c80319c 0000000000000001",
                        "00000000000000000000000000000abc 0000000000000003");
        assertThat(span.links().getFirst().attributes())
                .containsExactly(text("opentracing.ref_type", "follows_from"));
    }

    @Test
    void takesAReferenceToTheSameTraceForTheParentWhenThereIsNoBetter() {
        // Given
        var references =
                """
                , "references": [
                  {"refType": "FOLLOWS_FROM", "traceID": "0af7651916cd43dd8448eb211c80319c",
                   "spanID": "0000000000000001"}]
                """;

        // When
        var span = read(document(references));

        // Then
        assertThat(span.parentSpanId()).isEqualTo(new SpanId(1));
        assertThat(span.links()).hasSize(1);
    }

    @Test
    void readsLogsAsEventsNamedByTheirField() {
        // Given
        var logs =
                """
                , "logs": [
                  {"timestamp": 1788265200000200, "fields": [
                    {"key": "event", "type": "string", "value": "retry"},
                    {"key": "attempt", "type": "int64", "value": 2}]},
                  {"timestamp": 1788265200000300, "fields": null}
                ]
                """;

        // When
        var events = read(document(logs)).events();

        // Then
        assertThat(events).hasSize(2);
        assertThat(events.getFirst().name()).isEqualTo("retry");
        assertThat(events.getFirst().timeNanos()).isEqualTo(1_788_265_200_000_200_000L);
        assertThat(events.getFirst().attributes()).containsExactly(number("attempt", 2));
    }

    @Test
    void readsTheProcessAsResource() {
        // Given
        var process =
                """
                , "process": {"serviceName": "shop",
                    "tags": [{"key": "host.name", "type": "string", "value": "a7"}],
                    "tag": {"k8s@pod@name": "p1"}}
                """;
        var nameless = ", \"process\": {\"serviceName\": \"OTLPResourceNoServiceName\"}";

        // When, Then
        assertThat(read(document(process)).resource().attributes())
                .isEqualTo(
                        Attributes.of(
                                text("service.name", "shop"),
                                text("host.name", "a7"),
                                text("k8s.pod.name", "p1")));
        assertThat(read(document(nameless)).serviceName()).isEqualTo(Resource.UNKNOWN_SERVICE);
        assertThat(read(document(nameless)).resource().attributes()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"8448eb211c80319c", "00000000000000008448eb211c80319c"})
    void readsIdsOfAnyWidth(String traceId) {
        assertThat(read(document(", \"traceID\": \"" + traceId + "\"")).traceId())
                .isEqualTo(TraceId.parse("8448eb211c80319c"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", \"traceID\": \"\"",
                ", \"spanID\": \"zz\"",
                ", \"startTime\": \"yesterday\"",
                ", \"startTime\": 9223372036854775807",
                ", \"millrace\": {\"span\": \"?\"}"
            })
    void tellsWhatIsWrongWithADocument(String more) {
        assertThatThrownBy(() -> read(document(more)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected");
    }

    private static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }

    private static Attribute number(String key, long value) {
        return new Attribute(key, new AttributeValue.Int(value));
    }
}
