package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Capability.SEARCH_BY_DURATION;
import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;

import dev.millrace.storage.api.TraceSearch;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Search by start and duration, exact to the nanosecond, and the order of what is found.
public interface TimeSearchContract extends StoreUnderTest {

    @Test
    default void findsSpansThatStartWithinBothBounds() {
        // Given
        for (int i = 0; i < 5; i++) {
            write(List.of(fragment(i, span(trace(i + 1), 1, TIME + i))));
        }

        // When, Then
        finds(Set.of(), shop().start(TIME + 1, TIME + 3), trace(4), trace(3), trace(2));
        finds(Set.of(), shop().start(TIME + 2, TIME + 2), trace(3));
        finds(Set.of(), shop().start(TIME + 5, Long.MAX_VALUE));
        finds(Set.of(), shop().start(0, TIME - 1));
    }

    @Test
    default void appliesTheTimeBoundsToTheSpanThatMatches() {
        // Given
        long later = TIME + 2 * window().toNanos();
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME).resource(resource("web")),
                                span(trace(1), 2, later))));

        // When, Then
        finds(Set.of(), shop().start(later, later), trace(1));
        finds(Set.of(), shop().start(TIME, TIME));
    }

    @Test
    default void findsSpansWhoseDurationIsWithinBothBounds() {
        // Given
        for (int i = 0; i < 5; i++) {
            write(
                    List.of(
                            fragment(
                                    i,
                                    span(trace(i + 1), 1, TIME + i)
                                            .time(TIME + i, TIME + i + SECOND + i))));
        }

        // When, Then
        finds(
                Set.of(SEARCH_BY_DURATION),
                shop().duration(SECOND + 1, SECOND + 3),
                trace(4),
                trace(3),
                trace(2));
        finds(Set.of(SEARCH_BY_DURATION), shop().duration(SECOND + 4, SECOND + 4), trace(5));
        finds(Set.of(SEARCH_BY_DURATION), shop().duration(0, SECOND), trace(1));
        finds(Set.of(SEARCH_BY_DURATION), shop().duration(SECOND + 5, Long.MAX_VALUE));
    }

    @Test
    default void comparesTheDurationOfASpanNotOfTheTrace() {
        // Given
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME).time(TIME, TIME + SECOND),
                                span(trace(1), 2, TIME + SECOND)
                                        .time(TIME + SECOND, TIME + 2 * SECOND))));

        // When, Then
        finds(Set.of(SEARCH_BY_DURATION), shop().duration(2 * SECOND, Long.MAX_VALUE));
        finds(Set.of(SEARCH_BY_DURATION), shop().duration(SECOND, SECOND), trace(1));
    }

    @Test
    default void ordersTracesByTheirEarliestStartNewestFirst() {
        // Given: the matching span of the oldest trace starts last
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME).resource(resource("web")),
                                span(trace(1), 2, TIME + 9 * SECOND)),
                        fragment(1, span(trace(2), 1, TIME + SECOND)),
                        fragment(2, span(trace(3), 1, TIME + 2 * SECOND))));

        // When, Then
        finds(Set.of(), shop(), trace(3), trace(2), trace(1));
    }

    @Test
    default void ordersTracesByFragmentsThatDoNotMatchThemselves() {
        // Given: the oldest trace began windows ago, in a fragment of another service
        long later = TIME + 3 * window().toNanos();
        write(
                List.of(
                        fragment(0, span(trace(1), 2, later + 9)),
                        fragment(1, span(trace(2), 1, later)),
                        fragment(2, span(trace(3), 1, TIME + 1)),
                        fragment(3, span(trace(1), 1, TIME).resource(resource("web")))));

        // When, Then
        finds(Set.of(), shop(), trace(2), trace(3), trace(1));
        finds(Set.of(), shop().limit(1), trace(2));
        finds(Set.of(), shop().limit(2), trace(2), trace(3));
    }

    private static TraceSearch.Builder shop() {
        return TraceSearch.builder().service("shop");
    }
}
