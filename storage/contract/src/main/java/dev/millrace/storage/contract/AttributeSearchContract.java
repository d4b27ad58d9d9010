package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Capability.SEARCH_BY_ATTRIBUTE;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.attributes;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.search;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanId;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Search by attributes of every level, all on the same span.
public interface AttributeSearchContract extends StoreUnderTest {

    @Test
    default void findsTracesByAnAttributeOfASpan() {
        // Given
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME).attributes(attributes("color", "red"), 0)),
                        fragment(
                                1,
                                span(trace(2), 1, TIME)
                                        .attributes(attributes("color", "reddish"), 0))));

        // When, Then
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("color", "red"), trace(1));
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("colo", "red"));
    }

    @Test
    default void findsTracesByAnAttributeOfAnEvent() {
        // Given
        var event = new Event(TIME, "exception", attributes("exception.type", "Oops"), 0);
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).events(List.of(event), 0)),
                        fragment(1, span(trace(2), 1, TIME))));

        // When, Then
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("exception.type", "Oops"), trace(1));
    }

    @Test
    default void findsTracesByAnAttributeOfALink() {
        // Given
        var link = new Link(trace(9), new SpanId(9), "", 0, attributes("reason", "retry"), 0);
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).links(List.of(link), 0)),
                        fragment(1, span(trace(2), 1, TIME))));

        // When, Then
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("reason", "retry"), trace(1));
    }

    @Test
    default void findsTracesByAnAttributeOfTheScope() {
        // Given
        var scope = new Scope("http", "1", attributes("flavour", "beta"), 0, "");
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).scope(scope)),
                        fragment(1, span(trace(2), 1, TIME))));

        // When, Then
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("flavour", "beta"), trace(1));
    }

    @Test
    default void findsTracesByAnAttributeOfTheResource() {
        // Given
        var resource =
                new Resource(
                        Attributes.of(
                                new Attribute("service.name", new AttributeValue.Text("shop")),
                                new Attribute("host.name", new AttributeValue.Text("a7"))),
                        0,
                        "");
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).resource(resource)),
                        fragment(1, span(trace(2), 1, TIME))));

        // When, Then
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("host.name", "a7"), trace(1));
    }

    @Test
    default void findsOnlyTracesWhereAllAttributesAreOnTheSameSpan() {
        // Given
        var both =
                Attributes.of(
                        new Attribute("a", new AttributeValue.Text("1")),
                        new Attribute("b", new AttributeValue.Text("2")));
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME).attributes(attributes("a", "1"), 0),
                                span(trace(1), 2, TIME).attributes(attributes("b", "2"), 0)),
                        fragment(1, span(trace(2), 1, TIME).attributes(both, 0))));

        // When, Then
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("a", "1", "b", "2"), trace(2));
    }

    @Test
    default void findsOnlyTracesWhereServiceAndAttributeAreOfTheSameSpan() {
        // Given
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME),
                                span(trace(1), 2, TIME)
                                        .attributes(attributes("a", "1"), 0)
                                        .resource(resource("bank")))));

        // When, Then
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("a", "1"));
    }

    @Test
    default void comparesValuesOfEveryTypeAsText() {
        // Given
        var values =
                List.of(
                        new AttributeValue.Text("plain"),
                        new AttributeValue.Bool(true),
                        new AttributeValue.Int(-42),
                        new AttributeValue.Int(Long.MAX_VALUE),
                        new AttributeValue.Int(1_000_000_000),
                        new AttributeValue.Real(2.5e-3),
                        new AttributeValue.Bytes(Slice.of(new byte[] {1, 2, 3})),
                        new AttributeValue.Array(
                                List.of(
                                        new AttributeValue.Text("x"),
                                        new AttributeValue.Int(7),
                                        new AttributeValue.Array(List.of()))),
                        new AttributeValue.Nested(
                                Attributes.of(
                                        new Attribute("k", new AttributeValue.Bool(false)),
                                        new Attribute("l", new AttributeValue.Text("m")))),
                        new AttributeValue.Text("grün 🌿"),
                        new AttributeValue.Empty());

        // When
        for (int i = 0; i < values.size(); i++) {
            var only = Attributes.of(new Attribute("value", values.get(i)));
            write(List.of(fragment(i, span(trace(i + 1), 1, TIME).attributes(only, 0))));
        }

        // Then
        for (int i = 0; i < values.size(); i++) {
            finds(
                    Set.of(SEARCH_BY_ATTRIBUTE),
                    search("value", values.get(i).toString()),
                    trace(i + 1));
        }
    }

    @Test
    default void comparesLongValuesToTheirEnd() {
        // Given
        String common = "SELECT " + "c, ".repeat(3_000);
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME)
                                        .attributes(attributes("sql", common + "1"), 0)),
                        fragment(
                                1,
                                span(trace(2), 1, TIME)
                                        .attributes(attributes("sql", common + "2"), 0))));

        // When, Then
        finds(Set.of(SEARCH_BY_ATTRIBUTE), search("sql", common + "2"), trace(2));
    }
}
