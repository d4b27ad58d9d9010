package dev.millrace.enrichment.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.AttributeValue.Int;
import dev.millrace.model.AttributeValue.Text;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceDraftTest {

    private static final TraceId ID = new TraceId(1, 1);

    @Test
    void isTheTraceAsItWasSentUntilSomethingChanges() {
        // Given
        var trace = new Trace(ID, List.of(span(1, 0, "web"), span(2, 1, "db")));

        // When
        var draft = new TraceDraft(Tenant.DEFAULT, trace, false);

        // Then
        assertThat(draft.now()).isEqualTo(trace);
        assertThat(draft.isChanged()).isFalse();
        assertThat(draft.root()).isPresent();
        assertThat(draft.resources()).hasSize(2);
        assertThat(draft.scopes()).hasSize(2);
    }

    @Test
    void sharesAResourceAmongAllItsSpans() {
        // Given
        var draft =
                new TraceDraft(
                        Tenant.DEFAULT,
                        new Trace(
                                ID,
                                List.of(span(1, 0, "web"), span(2, 1, "db"), span(3, 1, "web"))),
                        false);

        // When
        draft.spans().getLast().resource().attributes().set("service.name", "shop");

        // Then
        assertThat(draft.spans())
                .extracting(SpanDraft::serviceName)
                .containsExactly("shop", "db", "shop");
        assertThat(draft.isChanged()).isTrue();
    }

    @Test
    void changesAttributesAndNothingElse() {
        // Given
        var sent = span(1, 0, "web");
        var draft = new TraceDraft(Tenant.DEFAULT, new Trace(ID, List.of(sent)), true);
        var span = draft.spans().getFirst();

        // When
        span.events().getFirst().attributes().set("a", "event");
        span.links().getFirst().attributes().set("a", "link");

        // Then
        var now = draft.now().spans().getFirst();
        assertThat(now)
                .usingRecursiveComparison()
                .ignoringFields("events", "links")
                .isEqualTo(sent);
        assertThat(now.events().getFirst())
                .isEqualTo(new Event(3, "event", attributes("a", "event"), 4));
        assertThat(now.links().getFirst())
                .isEqualTo(new Link(ID, new SpanId(9), "s=1", 1, attributes("a", "link"), 5));
    }

    @Test
    void whatIsSetComesInItsPlaceAndOnce() {
        // Given: a sender that repeats a key.
        var draft = draft("a", "b", "a");

        // When
        draft.set("a", 7);

        // Then
        assertThat(draft.now().entries())
                .containsExactly(new Attribute("a", new Int(7)), new Attribute("b", new Text("b")));
    }

    @Test
    void removesAllOfOneKey() {
        // Given
        var draft = draft("a", "b", "a");

        // When
        draft.remove("a");

        // Then
        assertThat(draft).hasToString("{b=b}");
    }

    @Test
    void isNotChangedWhenItIsAsBeforeAgain() {
        // Given
        var draft = draft("a", "b");

        // When
        draft.rename("a", "c");
        draft.rename("c", "a");
        draft.remove("absent");

        // Then
        assertThat(draft.isChanged()).isFalse();
    }

    @Test
    void refusesAKeyWithoutCharacters() {
        assertThatThrownBy(() -> draft().set("", "x"))
                .hasMessage("key: \"\" (expected: not empty)");
        assertThatThrownBy(() -> draft("a").rename("a", ""))
                .hasMessage("key: \"\" (expected: not empty)");
    }

    private static AttributesDraft draft(String... keys) {
        var entries = new Attribute[keys.length];
        for (int i = 0; i < keys.length; i++) {
            entries[i] = new Attribute(keys[i], new Text(keys[i]));
        }
        return new AttributesDraft(Attributes.of(entries));
    }

    private static Attributes attributes(String key, String value) {
        return Attributes.of(new Attribute(key, new Text(value)));
    }

    private static Span span(long id, long parent, String service) {
        return Span.builder(ID, new SpanId(id))
                .parentSpanId(parent == 0 ? null : new SpanId(parent))
                .traceState("x=y")
                .flags(257)
                .name("step")
                .kind(SpanKind.CLIENT)
                .time(1, 2)
                .attributes(attributes("k", "v"), 1)
                .events(List.of(new Event(3, "event", Attributes.EMPTY, 4)), 2)
                .links(List.of(new Link(ID, new SpanId(9), "s=1", 1, Attributes.EMPTY, 5)), 3)
                .status(new Status(Status.Code.ERROR, "no"))
                .resource(new Resource(attributes("service.name", service), 1, "schema"))
                .scope(new Scope("tests", "1", attributes("k", "v"), 1, "schema"))
                .build();
    }
}
