package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TraceSearch;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// A trace is found by its id, whole, however it came.
public interface TraceContract extends StoreUnderTest {

    @Test
    default void findsNoTraceUnderAnUnknownId() {
        // Given
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // When
        var found = store().trace(Tenant.DEFAULT, trace(2));

        // Then
        assertThat(found).isEmpty();
    }

    @Test
    default void mergesATraceFromItsFragmentsParentsFirst() {
        // Given
        var child = span(trace(1), 2, TIME + 5).parentSpanId(new SpanId(1));
        var grandchild = span(trace(1), 3, TIME + 6).parentSpanId(new SpanId(2));

        // When
        write(List.of(fragment(0, grandchild)));
        write(List.of(fragment(1, child), fragment(2, span(trace(1), 1, TIME))));

        // Then
        assertThat(idsOf(trace(1))).containsExactly(1L, 2L, 3L);
    }

    @Test
    default void mergesATraceWhoseFragmentsLieInDifferentWindows() {
        // Given
        long later = TIME + 3 * window().toNanos();
        var child = span(trace(1), 2, later).parentSpanId(new SpanId(1));

        // When
        write(List.of(fragment(0, child), fragment(1, span(trace(1), 1, TIME))));
        reopenedStore();

        // Then
        assertThat(idsOf(trace(1))).containsExactly(1L, 2L);
    }

    @Test
    default void showsASpanOnceThatCameInTwoFragments() {
        // When
        write(List.of(fragment(0, span(trace(1), 1, TIME))));
        write(List.of(fragment(1, span(trace(1), 1, TIME), span(trace(1), 2, TIME + SECOND))));

        // Then
        assertThat(idsOf(trace(1))).containsExactly(1L, 2L);
    }

    @Test
    default void showsTheCopyThatEndsLaterWhicheverCameFirst() {
        // Given
        var longer = span(trace(1), 1, TIME).time(TIME, TIME + SECOND);
        var otherLonger = span(trace(2), 1, TIME).time(TIME, TIME + SECOND);

        // When
        write(List.of(fragment(0, longer), fragment(1, span(trace(1), 1, TIME))));
        write(List.of(fragment(2, span(trace(2), 1, TIME)), fragment(3, otherLonger)));

        // Then
        assertThat(spansOf(trace(1))).containsExactly(longer.build());
        assertThat(spansOf(trace(2))).containsExactly(otherLonger.build());
    }

    @Test
    default void showsAPieceWithoutATimeBesideItsSpan() {
        // Given: received, and so timed, after the span
        var absent =
                new Attribute("otel.zipkin.absentField.startTime", new AttributeValue.Bool(true));
        var piece = span(trace(1), 1, TIME + SECOND).attributes(Attributes.of(absent), 0);

        // When
        write(List.of(fragment(0, piece), fragment(1, span(trace(1), 1, TIME))));

        // Then
        assertThat(idsOf(trace(1))).containsExactly(1L, 1L);
    }

    @Test
    default void showsClientAndServerHalvesThatShareASpanId() {
        // Given
        var client = span(trace(1), 1, TIME).kind(SpanKind.CLIENT).resource(resource("web"));

        // When
        write(List.of(fragment(0, client), fragment(1, span(trace(1), 1, TIME + 1))));

        // Then
        assertThat(spansOf(trace(1)))
                .extracting(Span::kind)
                .containsExactlyInAnyOrder(SpanKind.CLIENT, SpanKind.SERVER);
    }

    @Test
    default void keepsTenantsApart() {
        // Given
        var other = new Tenant("other");
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // When, Then
        answersOrRefuses(
                Set.of(Capability.TENANTS),
                () -> {
                    write(
                            List.of(
                                    fragment(other, 1, span(trace(1), 2, TIME)),
                                    fragment(other, 2, span(trace(2), 3, TIME))));
                    return store().trace(other, trace(1));
                },
                found -> {
                    assertThat(found.map(trace -> trace.spans().getFirst().spanId()))
                            .isEqualTo(Optional.of(new SpanId(2)));
                    assertThat(idsOf(trace(1))).containsExactly(1L);
                    assertThat(store().trace(Tenant.DEFAULT, trace(2))).isEmpty();
                    finds(Set.of(), TraceSearch.builder().service("shop"), trace(1));
                    assertThat(
                                    StoreUnderTest.ids(
                                            store().search(
                                                            other,
                                                            TraceSearch.builder()
                                                                    .service("shop")
                                                                    .build())
                                                    .traces()))
                            .containsExactly(trace(1), trace(2));
                });
    }

    private List<Span> spansOf(TraceId traceId) {
        return store().trace(Tenant.DEFAULT, traceId).orElseThrow().spans();
    }

    private List<Long> idsOf(TraceId traceId) {
        return spansOf(traceId).stream().map(span -> span.spanId().value()).toList();
    }
}
