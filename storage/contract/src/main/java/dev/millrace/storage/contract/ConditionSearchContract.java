package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Capability.SEARCH_ACROSS_SERVICES;
import static dev.millrace.storage.contract.Capability.SEARCH_BY_KIND;
import static dev.millrace.storage.contract.Capability.SEARCH_BY_STATUS;
import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Resource;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.TraceSearch;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Search by service, operation, kind and status: of one and the same span.
public interface ConditionSearchContract extends StoreUnderTest {

    @Test
    default void findsTracesOfAService() {
        // Given
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME)),
                        fragment(1, span(trace(2), 1, TIME).resource(resource("shopper"))),
                        fragment(
                                2,
                                span(trace(3), 1, TIME + 1).resource(resource("web")),
                                span(trace(3), 2, TIME + 2))));

        // When, Then
        finds(Set.of(), TraceSearch.builder().service("shop"), trace(3), trace(1));
        finds(Set.of(), TraceSearch.builder().service("sho"));
    }

    @Test
    default void findsTracesOfAServiceWithoutAName() {
        // Given
        write(List.of(fragment(0, span(trace(1), 1, TIME).resource(Resource.EMPTY))));

        // When, Then
        finds(Set.of(), TraceSearch.builder().service(Resource.UNKNOWN_SERVICE), trace(1));
    }

    @Test
    default void findsTracesOfAnOperationOfAService() {
        // Given
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).name("pay")),
                        fragment(
                                1,
                                span(trace(2), 1, TIME),
                                span(trace(2), 2, TIME).name("pay").resource(resource("bank")))));

        // When, Then
        finds(Set.of(), TraceSearch.builder().service("shop").operation("pay"), trace(1));
    }

    @Test
    default void findsTracesOfAnyServiceByOperation() {
        // Given
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME + 1).name("pay")),
                        fragment(1, span(trace(2), 1, TIME).resource(resource("web"))),
                        fragment(
                                2,
                                span(trace(3), 1, TIME).name("pay").resource(resource("bank")))));

        // When, Then
        finds(
                Set.of(SEARCH_ACROSS_SERVICES),
                TraceSearch.builder().operation("pay"),
                trace(1),
                trace(3));
    }

    @Test
    default void findsAllTracesWithoutAnyCondition() {
        // Given
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).kind(SpanKind.UNSPECIFIED)),
                        fragment(1, span(trace(2), 1, TIME + 1).resource(resource("web")))));

        // When, Then
        finds(Set.of(SEARCH_ACROSS_SERVICES), TraceSearch.builder(), trace(2), trace(1));
    }

    @Test
    default void findsTracesByKindOfTheSameSpan() {
        // Given
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).kind(SpanKind.CONSUMER)),
                        fragment(
                                1,
                                span(trace(2), 1, TIME),
                                span(trace(2), 2, TIME)
                                        .kind(SpanKind.CONSUMER)
                                        .resource(resource("bank")))));

        // When, Then
        finds(
                Set.of(SEARCH_BY_KIND),
                TraceSearch.builder().service("shop").kind(SpanKind.CONSUMER),
                trace(1));
        finds(
                Set.of(SEARCH_BY_KIND),
                TraceSearch.builder().service("shop").operation("GET /cart").kind(SpanKind.SERVER),
                trace(2));
    }

    @Test
    default void findsTracesByStatusOfTheSameSpan() {
        // Given
        var failed = new Status(Status.Code.ERROR, "out of stock");
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).status(failed)),
                        fragment(
                                1,
                                span(trace(2), 1, TIME),
                                span(trace(2), 2, TIME)
                                        .status(failed)
                                        .resource(resource("bank")))));

        // When, Then
        finds(
                Set.of(SEARCH_BY_STATUS),
                TraceSearch.builder().service("shop").status(Status.Code.ERROR),
                trace(1));
        finds(
                Set.of(SEARCH_BY_STATUS),
                TraceSearch.builder().service("shop").status(Status.Code.UNSET),
                trace(2));
    }

    @Test
    default void givesBackTheWholeTraceWhenOneSpanMatches() {
        // Given
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).name("pay")),
                        fragment(1, span(trace(1), 2, TIME + 9 * SECOND)),
                        fragment(
                                2,
                                span(trace(1), 3, TIME + 2 * window().toNanos())
                                        .resource(resource("bank")))));

        // When
        var page =
                store().search(
                                Tenant.DEFAULT,
                                TraceSearch.builder().service("shop").operation("pay").build());

        // Then
        assertThat(page.traces())
                .singleElement()
                .satisfies(trace -> assertThat(trace.spans()).hasSize(3));
        assertThat(page.next()).isEmpty();
    }
}
